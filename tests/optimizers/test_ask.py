from __future__ import annotations

from typing import Any

import pytest

from optimizers.fake_llm import FakeLLM, suggest
from optimizers.graphs import parameters, step
from tracegraph import node
from tracegraph.models import Budget, BudgetExceeded
from tracegraph.models.request import Request
from tracegraph.optimizers.answer import as_proposals, ask_all
from tracegraph.optimizers.ask import Question, ask

USER = [{"role": "user", "content": "Improve it."}]
BOTH = Question(USER, ["prompt", "threshold"])


async def test_values_are_converted_and_unchanged_ones_left_out() -> None:
    llm = FakeLLM([suggest(prompt="Sort this: {message}", threshold="0.25")])
    answer = await ask(llm, step(), BOTH, seed=7)
    assert answer.values == {"threshold": 0.25}
    assert (answer.reasoning, answer.malformed, answer.tokens) == ("because", 0, 15)
    assert llm.requests[0].sampling["seed"] == 7
    assert "Improve it." in answer.shown


async def test_a_refused_value_is_sent_back_once_with_the_reason() -> None:
    llm = FakeLLM([suggest(prompt="Sort it", threshold=0.25), suggest(prompt="Label {message}")])
    answer = await ask(llm, step(), BOTH, seed=7)
    assert answer.values == {"threshold": 0.25, "prompt": "Label {message}"}
    assert (answer.refused, answer.malformed, answer.tokens) == ({}, 1, 30)
    assert "must keep {message}" in llm.asked()
    assert "threshold" not in str(llm.requests[1].schema), "only the refused one is asked for"


async def test_a_value_that_stays_refused_is_reported() -> None:
    llm = FakeLLM([suggest(prompt="Sort it")])
    answer = await ask(llm, step(), BOTH, seed=7)
    assert not answer.values
    assert "must keep {message}" in answer.refused["prompt"]
    assert (answer.malformed, len(llm.requests)) == (2, 2)


async def test_code_must_parse_and_keep_its_signature() -> None:
    from tracegraph import bundle

    @bundle(trainable=True)
    def double(x: int) -> int:
        return x + x

    code = double.parameter
    assert code is not None
    good = "def double(x):\n    return 2 * x\n"
    broken = ["def double(x:\n", "def double(x, y):\n    return x\n"]
    for wrong in broken:
        llm = FakeLLM([suggest(__code_double=wrong), suggest(__code_double=good)])
        found = step({code.name: code}, problems=())
        answer = await ask(llm, found, Question(USER, [code.name]), seed=1)
        assert answer.values == {code.name: good}
        assert answer.malformed == 1


async def test_answers_of_the_wrong_form_are_counted() -> None:
    llm = FakeLLM(["I do not know", suggest(threshold=3), suggest(threshold=0.3)])
    answer = await ask(llm, step(), BOTH, seed=1)
    assert answer.values == {"threshold": 0.3}
    assert answer.malformed == 2, "no JSON, and a number out of bounds"


async def test_no_usable_answer_is_an_empty_proposal_that_says_so() -> None:
    llm = FakeLLM(["I do not know"])
    answers = [await ask(llm, step(), BOTH, seed=1)]
    (proposal,) = as_proposals(answers, "test", 1)
    assert not proposal
    assert proposal.malformed == 3
    assert "no JSON" in proposal.refused["answer"]


async def test_a_shortened_value_is_shown_once() -> None:
    long = "x" * 20_000
    question = Question(USER, ["threshold"], showable={"mail": long})
    llm = FakeLLM([{**suggest(threshold=0.1), "show": "mail"}, suggest(threshold=0.2)])
    answer = await ask(llm, step(), question, seed=1)
    assert answer.values == {"threshold": 0.2}
    assert "x" * 5000 in llm.asked()
    assert len(llm.asked()) < 10_000, "bounded"
    assert "show" not in str(llm.requests[1].schema)


async def test_insisting_on_another_value() -> None:
    llm = FakeLLM([suggest(threshold=0.5), suggest(threshold=0.4)])
    answer = await ask(llm, step(), Question(USER, ["threshold"], insist=True), seed=1)
    assert answer.values == {"threshold": 0.4}
    assert answer.malformed == 0


async def test_what_was_answered_before_the_budget_ended_is_kept() -> None:
    def behave(request: Request) -> Any:
        return suggest(threshold=0.1)

    llm = FakeLLM(behave, budget=Budget(calls=1))
    answers = await ask_all(ask(llm, step(), BOTH, seed=seed) for seed in range(3))
    assert [answer.values for answer in answers] == [{"threshold": 0.1}]
    with pytest.raises(BudgetExceeded):
        await ask_all([ask(llm, step(), BOTH, seed=9)])


async def test_every_kind_has_its_form() -> None:
    given = {
        "n": node(3, name="n", trainable=True, low=1, high=9),
        "on": node(True, name="on", trainable=True),
        "model": node("a", name="model", trainable=True, choices=["a", "b"]),
        "rate": node(0.1, name="rate", trainable=True, choices=[0.1, 0.2]),
        "tags": node(["x"], name="tags", trainable=True),
        "shape": node({"k": 1}, name="shape", trainable=True, kind="json"),
    }
    new = {"n": 4, "on": False, "model": "b", "rate": 0.2, "tags": ["y"], "shape": {"k": 2}}
    llm = FakeLLM([suggest(**new)])
    answer = await ask(llm, step(given, problems=()), Question(USER, list(given)), seed=1)
    assert answer.values == new
    schema = llm.requests[0].schema
    assert schema is not None
    shown = schema["$defs"]["Suggestion"]["properties"]
    assert {"maximum": 9, "minimum": 1, "type": "integer"} in shown["n"]["anyOf"]
    assert shown["model"]["anyOf"][0]["enum"] == ["a", "b"]


def test_proposals_differ_and_the_first_pays_for_the_rest() -> None:
    from tracegraph.optimizers.ask import Answer

    answers = [
        Answer({}, {"answer": "bad"}, malformed=3, tokens=5),
        Answer({"a": 1}, tokens=1),
        Answer({"a": 1}, tokens=1),
        Answer({"a": 2}, tokens=1),
        Answer({"a": 3}, tokens=1),
    ]
    found = as_proposals(answers, "test", 2)
    assert [p.values for p in found] == [{"a": 1}, {"a": 2}]
    assert (found[0].malformed, sum(p.tokens for p in found)) == (3, 9)
    assert parameters()
