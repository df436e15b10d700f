"""What an inner call made and an outer one passed on came out of the outer one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import tracegraph as tg

inner_prompt = tg.Parameter("a line about {topic}", name="inner_prompt")
outer_prompt = tg.Parameter("{topic} in the rain", name="outer_prompt")


@dataclass
class Draft:
    text: str


@tg.bundle
def write(topic):
    """Give the text inside of everything that holds things."""
    text = inner_prompt.data.format(topic=topic)
    return {"dict": {"text": text}, "list": [text], "draft": Draft(text), "text": text}


@tg.bundle
def ask(topic, kind):
    """Pass on what holds the text, inside of something else."""
    return {"answer": write(outer_prompt.data.format(topic=topic))[kind]}


@tg.bundle
def agent(topic, kind):
    """Pass on what was passed on."""
    return [ask(topic, kind)["answer"]]


@tg.bundle
def shout(text):
    return text + "!"


_TEXT_IN = {
    "dict": lambda held: held["text"],
    "list": lambda held: held[0],
    "draft": lambda held: held.text,
    "text": lambda held: held,
}


@pytest.fixture(autouse=True)
def _forget():
    for parameter in (inner_prompt, outer_prompt):
        parameter.zero_feedback()


@pytest.mark.parametrize("kind", _TEXT_IN)
@pytest.mark.parametrize("deep", [False, True])
def test_feedback_on_a_part_reaches_what_every_level_read(kind, deep):
    with tg.record() as run:
        held = agent("tea", kind)[0] if deep else ask("tea", kind)["answer"]
    text = _TEXT_IN[kind](held)
    assert text == "a line about tea in the rain"
    sent = run.feedback(text, "Too short.")
    assert [len(p.feedback) for p in (inner_prompt, outer_prompt)] == [1, 1]
    names = [call.name for call in sent.subgraph().calls]
    assert names[0] == ("agent0" if deep else "ask0")
    assert "write0" not in names


@pytest.mark.parametrize("kind", _TEXT_IN)
def test_a_later_call_takes_the_part_from_the_outer_call(kind):
    with tg.record() as run:
        loud = shout(_TEXT_IN[kind](ask("tea", kind)["answer"]))
    names = [call.name for call in run.graph().calls]
    assert names[0] == "ask0"
    assert "write0" not in names
    run.feedback(loud, "Too short.")
    assert [len(p.feedback) for p in (inner_prompt, outer_prompt)] == [1, 1]


def test_what_a_body_left_elsewhere_came_out_of_its_call():
    kept = []

    @tg.bundle
    def keep(topic):
        """Keep a part of an inner result where no result has it."""
        kept.append(write(outer_prompt.data.format(topic=topic))["list"])
        return "kept it"

    with tg.record() as run:
        keep("tea")
        loud = shout(kept[0][0])
    assert run.node_of(kept[0][0]).name == "keep0"
    run.feedback(loud, "Too short.")
    assert [len(p.feedback) for p in (inner_prompt, outer_prompt)] == [1, 1]


def test_a_part_of_an_input_that_is_passed_on_keeps_its_own_way():
    @tg.bundle
    def sort(drafts):
        """Hand on what was handed in."""
        return {"first": drafts[0]}

    with tg.record() as run:
        drafts = write("tea")["list"]
        first = sort(drafts)["first"]
    assert run.node_of(first).parents[0].parents[0].name == "write0"
