from __future__ import annotations

import random
from typing import Any

from hypothesis import given as randomly
from hypothesis import strategies as st

from optimizers.graphs import step, trial
from tracegraph import bundle, node, record
from tracegraph.optimizers import FewShot, Problem
from tracegraph.optimizers.demos import Demo, distance, varied, written


@bundle()
def label(demos: list[Any], message: str) -> str:
    """Label a message."""
    return "spam" if "buy" in message else "ham"


def run(demos: Any, message: str, score: float) -> Problem:
    with record() as recorded:
        out = label(demos.data, message)
    return Problem.of(recorded.judged(out, "", score), example=message)


MESSAGES = ["buy now", "buy it now", "hello there", "hello you", "see you", "buy a hat"]


async def test_successes_become_varied_demonstrations() -> None:
    demos = node([], name="demos", trainable=True)
    runs = [run(demos, message, 1.0) for message in MESSAGES] + [run(demos, "failed", 0.0)]
    found = step({"demos": demos}, problems=runs, count=3)
    proposals = await FewShot(shots=3).propose(found)
    assert len(proposals) == 3
    for proposal in proposals:
        texts = proposal.values["demos"]
        assert len(texts) == 3
        assert {text.rpartition("output: ")[2] for text in texts} == {"spam", "ham"}
        assert not any("failed" in text for text in texts)
    assert await FewShot(shots=3).propose(found) == proposals, "the seed decides"


async def test_hard_examples_are_preferred() -> None:
    demos = node([], name="demos", trainable=True)
    history = [trial("0", {m: 0.0 if m == "see you" else 1.0 for m in MESSAGES})] * 3
    first = [
        (
            await FewShot(shots=1).propose(
                step(
                    {"demos": demos},
                    problems=[run(demos, m, 1.0) for m in MESSAGES],
                    history=history,
                    seed=seed,
                )
            )
        )[0].values["demos"][0]
        for seed in range(20)
    ]
    assert sum("see you" in text for text in first) > 8


async def test_as_many_as_the_constraints_allow() -> None:
    demos = node([], name="demos", trainable=True, max_length=2)
    runs = [run(demos, message, 1.0) for message in MESSAGES]
    (proposal,) = await FewShot(shots=4).propose(step({"demos": demos}, problems=runs))
    assert len(proposal.values["demos"]) == 2


async def test_a_text_for_examples_is_one_too_and_a_prompt_is_not() -> None:
    text = node("", name="few_shot", trainable=True)
    runs = [run(text, message, 1.0) for message in MESSAGES]
    (proposal,) = await FewShot(shots=2).propose(step({"few_shot": text}, problems=runs))
    assert proposal.values["few_shot"].count("output:") == 2
    prompt = node("Be brief", name="prompt", trainable=True)
    assert await FewShot().propose(step({"prompt": prompt}, problems=runs)) == []


async def test_nothing_without_successes() -> None:
    demos = node([], name="demos", trainable=True)
    runs = [run(demos, message, 0.0) for message in MESSAGES]
    assert await FewShot().propose(step({"demos": demos}, problems=runs)) == []


def test_the_form_follows_the_value() -> None:
    demo = Demo("e", {"text": "hi"}, "greeting")
    assert written([demo], "list", []) == ["text: hi\noutput: greeting"]
    like = [{"q": "a", "a": "b"}]
    assert written([demo], "list", like) == [{"q": "hi", "a": "greeting"}]
    same = [{"text": "a", "label": "b"}]
    assert written([demo], "list", same) == [{"text": "hi", "label": "greeting"}]


@randomly(st.lists(st.tuples(st.text(), st.text(max_size=3)), max_size=8), st.integers(0, 9))
def test_a_choice_is_of_different_ones(pairs: list[tuple[str, str]], size: int) -> None:
    demos = [Demo(str(i), {"x": x}, out) for i, (x, out) in enumerate(pairs)]
    chosen = varied(demos, size, random.Random(0))
    assert len(chosen) == min(size, len(demos))
    assert len({demo.example for demo in chosen}) == len(chosen)
    for one in demos:
        for other in demos:
            assert 0 <= distance(one, other) == distance(other, one) <= 2
