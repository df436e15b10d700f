from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as randomly
from hypothesis import strategies as st

from optimizers.fake_llm import FakeLLM, suggest
from optimizers.graphs import parameters, problem, step
from tracegraph.optimizers import OptoPrimeV2
from tracegraph.optimizers.tagged import read_tagged


def block(**values: str) -> str:
    return "<reasoning>\nbecause\n</reasoning>\n" + "\n".join(
        f'<variable name="{name}">\n{value}\n</variable>' for name, value in values.items()
    )


def read(text: str, names: tuple[str, ...] = ("prompt", "threshold")) -> Any:
    given = parameters()
    return read_tagged(text, names, given, {n: p.data for n, p in given.items()})


@pytest.mark.parametrize(
    "text",
    [
        block(prompt="Label {message}"),
        "<variable name='prompt' type=\"text\">Label {message}</variable>",
        "<variable><name>prompt</name><value>Label {message}</value></variable>",
        "<variable name=prompt><value>\nLabel {message}\n</value></variable>",
        '```json\n{"reasoning": "", "suggestion": {"prompt": "Label {message}"}}\n```',
    ],
)
def test_forms_of_an_answer(text: str) -> None:
    assert read(text).values == {"prompt": "Label {message}"}


def test_what_is_not_asked_for_is_ignored() -> None:
    assert read(block(other="x", threshold="0.3")).values == {"threshold": "0.3"}
    assert read("I do not know").values == {}
    assert read("<variable>0.3</variable>", ("threshold",)).values == {"threshold": "0.3"}


@randomly(st.text().filter(lambda text: "<" not in text))
def test_a_text_comes_back_as_it_was_written(value: str) -> None:
    assert read(block(prompt=value)).values == {"prompt": value}


async def test_tags_both_ways() -> None:
    llm = FakeLLM([block(prompt="Label {message}", threshold="0.3")])
    (proposal,) = await OptoPrimeV2(llm=llm).propose(step(objective="Filter spam"))
    assert proposal.values == {"prompt": "Label {message}", "threshold": 0.3}
    assert proposal.reasoning == "because"
    assert "<instruction>\nFilter spam\n</instruction>" in llm.asked()
    assert '<variable name="prompt" type="text">  # A prompt.\nSort this' in llm.asked()
    assert llm.requests[0].schema is None


async def test_an_answer_without_values_and_a_refused_one_are_asked_for_again() -> None:
    llm = FakeLLM(["Hm.", block(prompt="Label {message}")])
    (proposal,) = await OptoPrimeV2(llm=llm).propose(step())
    assert (proposal.values, proposal.malformed) == ({"prompt": "Label {message}"}, 1)
    assert "holds no value" in llm.asked()
    llm = FakeLLM([block(prompt="Label it", threshold="0.3"), block(prompt="Label {message}")])
    (proposal,) = await OptoPrimeV2(llm=llm).propose(step())
    assert proposal.values == {"prompt": "Label {message}", "threshold": 0.3}
    assert "must keep {message}" in llm.asked()


async def test_a_shortened_value_is_shown() -> None:
    given = parameters()
    runs = [problem(given, "buy " * 1000)]
    llm = FakeLLM(["<show>classify0_message</show>", block(threshold="0.2")])
    (proposal,) = await OptoPrimeV2(llm=llm).propose(step(given, problems=runs))
    assert (proposal.values, proposal.malformed) == ({"threshold": 0.2}, 0)
    assert "buy " * 900 in llm.asked()


async def test_a_small_model_is_told_the_form() -> None:
    llm = FakeLLM([block(prompt="Label {message}")], model="local")
    (proposal,) = await OptoPrimeV2(llm=llm).propose(step(focus=["prompt"]))
    assert proposal.values == {"prompt": "Label {message}"}
    assert '<variable name="the name">' in llm.asked()
    assert suggest()
