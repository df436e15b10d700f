"""Rewards: structure, correctness, the hierarchy of judgements, the curriculum."""

from __future__ import annotations

import json

import pytest

from tests.agents.datarus.scripted import FakeModel
from tracegraph.agents import Episode, Turn
from tracegraph.agents.datarus.rewards import (
    Curriculum,
    correctness,
    judge_episode,
    structure,
    to_feedback,
)


def cell(code: str, text: str = "1", status: str = "ok", **notes: int) -> Turn:
    action = {"kind": "code", "thought": "t", "code": code, "answer": None}
    return Turn(action=action, observation={"status": status, "text": text}, notes=notes)


def end(answer: str) -> Turn:
    return Turn(action={"kind": "answer", "thought": "", "code": "", "answer": answer})


def episode(*turns: Turn, answer: str = "@a[1]") -> Episode:
    return Episode("datarus", "notebook", "t", turns=[*turns, end(answer)], answer=answer)


def test_structure_is_whole_without_repairs_and_falls_with_them() -> None:
    assert structure(episode(cell("x"))) == 1
    fenced, made_up = cell("x", code_fence=1), cell("x", own_observation=1, extra_move=2)
    assert structure(episode(fenced)) == pytest.approx(0.95)
    assert structure(episode(made_up)) == pytest.approx(0.5)
    assert made_up.rewards["structure"] == 0
    unanswered = episode(cell("x"))
    unanswered.answer = ""
    assert structure(unanswered) == 0.5
    assert structure(Episode("a", "b", "c")) == 0


def test_correctness_is_what_the_judge_said_or_the_share_of_right_parts() -> None:
    assert correctness(episode()) is None
    assert correctness(episode(answer="@a[1] @b[2]"), {"a": "1.0", "b": "3"}) == 0.5


def verdict(points: int, reason: str = "because") -> dict[str, object]:
    return {"reason": reason, "score": points}


async def test_steps_are_judged_before_the_whole_and_repeats_measure_agreement() -> None:
    told = episode(cell("df.mean()"), cell("boom", "NameError: boom", "error"))
    replies = [
        verdict(5),
        verdict(5),
        verdict(1, "no such name"),
        verdict(3),
        verdict(4),
        verdict(4),
    ]
    llm = FakeModel(replies)
    found = await judge_episode(told, "the mean?", llm, repeats=2)
    assert found.steps == (1.0, 0.25)
    assert found.coherence == 0.75
    # Spreads 0, 0.354, 0 of at most 0.5.
    assert found.agreement == pytest.approx(1 - 0.3536 / 3 / 0.5, abs=1e-3)
    assert [t.rewards.get("soundness") for t in told.turns] == [1.0, 0.25, None]
    assert told.rewards == {"soundness": 0.625, "coherence": 0.75}
    first, second, whole = (llm.asked[place][0]["content"] for place in (0, 2, 4))
    assert "df.mean()" in first
    assert "(nothing)" in first
    assert "df.mean()" in second
    assert "0.25 of 1 points: no such name" in whole
    said = to_feedback(told, found)
    assert "1 cells failed: NameError: boom." in said
    assert "Step 2 was poor: no such name" in said


def test_the_curriculum_goes_from_form_to_meaning_along_a_cosine() -> None:
    plan = Curriculum(steps=100, first=0.9, last=0.1)
    weights = [plan.structure_weight(step) for step in (0, 25, 50, 100, 500)]
    assert weights == pytest.approx([0.9, 0.5 + 0.4 * 2**-0.5, 0.5, 0.1, 0.1])
    rewards = {"structure": 1.0, "correctness": 0.0}
    assert plan.reward(rewards, 0) == pytest.approx(0.9)
    assert plan.reward(rewards, 100) == pytest.approx(0.1)
    # What is not known leaves its share to the others.
    mixed = {"structure": 0.0, "correctness": 1.0, "soundness": 0.0, "coherence": None}
    assert plan.reward(mixed, 100) == pytest.approx(0.9 * 0.75)
    assert plan.reward({"structure": 0.4}, 100) == 0.4


def test_an_episode_keeps_its_rewards_in_the_store() -> None:
    told = episode(cell("x"))
    structure(told)
    again = Episode.from_stored(told.to_stored("run", "key"))
    assert again.turns[0].rewards == {"structure": 1.0}
    assert json.dumps(again.turns[0].action)
