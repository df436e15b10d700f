"""ARPO's rules: rewards, groups, replay as published, selection, contrasts."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.agents import Episode, Turn
from tracegraph.agents.gui.arpo import (
    PAPER_WEIGHT,
    Group,
    ReplayBuffer,
    ReplayRule,
    advantages,
    contrast,
    group_by_task,
    pass_at_k,
    reward,
    select_tasks,
)  # fmt: skip
from tracegraph.errors import TracegraphError

SCORES = st.floats(0, 1)
GROUPS = st.lists(SCORES, min_size=1, max_size=8)


def episode(evaluation: float, task: str = "t", seed: int = 0, answer: str = "") -> Episode:
    """Return a finished episode."""
    return Episode(
        "gui", "desktop", task, "success" if evaluation >= 1 else "failure", seed,
        turns=[Turn(answer=answer, action=[{"action": "type", "text": answer}])],
        reward=evaluation, rewards={"evaluation": evaluation, "format": 0.0}, feedback="not saved",
    )  # fmt: skip


def group(*evaluations: float, task: str = "t") -> Group:
    """Return a group with these scores."""
    return Group(task, tuple(episode(v, task, n) for n, v in enumerate(evaluations)))


def test_rewards_of_code_and_paper() -> None:
    assert reward(1.0, readable=True) == 1.0
    assert reward(0.0, readable=False) == -0.5
    assert reward(0.0, readable=False, weight=PAPER_WEIGHT) == -1.0


def test_the_published_example_of_advantages() -> None:
    found = advantages([1.0] + [0.0] * 7)
    assert found[0] == pytest.approx(2.47, abs=0.01)
    assert found[1] == pytest.approx(-0.35, abs=0.01)


@given(GROUPS)
def test_advantages_sum_to_nothing(values: list[float]) -> None:
    assert sum(advantages(values)) == pytest.approx(0, abs=1e-3)
    assert advantages([values[0]] * 8) == [0.0] * 8


def test_faults_of_the_machine_are_in_no_group() -> None:
    broken = Episode("gui", "desktop", "t", "env_error", 1)
    (found,) = group_by_task([episode(1, seed=2), broken, episode(0, seed=0)])
    assert found.evaluations == [0, 1]


@given(GROUPS, st.lists(SCORES, max_size=20))
def test_injection_keeps_the_published_rule(values: list[float], earlier: list[float]) -> None:
    import statistics

    buffer = ReplayBuffer()
    buffer.add(episode(value, seed=100 + n) for n, value in enumerate(earlier))
    kept = [value for value in earlier if value > 0.1][-8:]
    assert [one.evaluation for one in buffer.kept.get("t", [])] == kept
    fresh = group(*values)
    made = buffer.inject(fresh, random.Random(1))
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    needed = bool(kept) and spread < 0.05 and statistics.fmean(values) < 0.2
    assert len(made.episodes) == len(fresh.episodes)
    assert made.episodes[1:] == fresh.episodes[1:]
    assert (made.episodes[0].seed >= 100) is needed
    assert bool(made.episodes[0].extra.get("replayed")) is needed
    assert len(buffer) == len(kept)


def test_a_step_injects_from_what_earlier_steps_left() -> None:
    buffer, rng = ReplayBuffer(), random.Random(0)
    (first,) = buffer.step([group(0, 0, 1, 0)], rng)
    assert first.evaluations == [0, 0, 1, 0]
    (second,) = buffer.step([group(0, 0, 0, 0)], rng)
    assert second.evaluations == [1, 0, 0, 0]
    assert len(buffer) == 1  # what was replayed is not stored again


def test_the_flag_works() -> None:
    buffer = ReplayBuffer(ReplayRule(enabled=False))
    buffer.step([group(1, 1)], random.Random(0))
    assert len(buffer) == 0
    kept = ReplayBuffer()
    kept.add([episode(1)])
    kept.rule = ReplayRule(enabled=False)
    assert kept.inject(group(0, 0), random.Random(0)).evaluations == [0, 0]


def test_a_buffer_survives(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "replay.jsonl"
    buffer = ReplayBuffer()
    buffer.add(episode(1, f"t{n % 3}", n, f"says {n}") for n in range(20))
    buffer.save(path)
    assert ReplayBuffer.load(path) == buffer
    assert len(ReplayBuffer.load(path, ReplayRule(per_task=2))) == 6
    assert len(ReplayBuffer.load(tmp_path / "none.jsonl")) == 0
    path.write_text("{}\n")
    with pytest.raises(TracegraphError, match="line 1"):
        ReplayBuffer.load(path)


@given(st.integers(1, 8).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))  # fmt: skip
def test_pass_at_k_counts_draws(case: tuple[int, int, int]) -> None:
    tries, successes, k = case
    drawn = list(itertools.combinations([1] * successes + [0] * (tries - successes), k))
    assert pass_at_k(tries, successes, k) == pytest.approx(sum(map(any, drawn)) / len(drawn))


def test_tasks_that_never_succeed_are_left_out() -> None:
    groups = [group(*[0] * 16, task="never"), group(1, *[0] * 15, task="seldom"),
              group(*[1] * 16, task="always")]  # fmt: skip
    assert sorted(select_tasks(groups)) == ["always", "seldom"]
    assert select_tasks(groups, k=1, most=0.9) == ["seldom"]


def test_the_best_stands_against_the_worst() -> None:
    told = contrast(Group("t", (episode(0, answer="wrong"), episode(1, answer="right"))))
    assert told.index("right") < told.index("wrong") < told.index("not saved")
    assert contrast(group(1, 1)) == ""
