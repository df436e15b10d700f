from __future__ import annotations

import random

import pytest

from tracegraph.training.candidate import Candidate
from tracegraph.training.pool import STRATEGIES, Entry, Pool

IDS = ["a", "b", "c"]


def pool(*scores: tuple[float, ...]) -> tuple[Pool, list[Entry]]:
    made = Pool()
    entries = []
    for number, each in enumerate(scores):
        entry = made.add(Candidate({"n": number}))
        entry.scores.update(zip(IDS, each, strict=False))
        entries.append(entry)
    return made, entries


def test_equal_values_are_one_candidate() -> None:
    one, other = Candidate({"a": 1, "b": "x"}), Candidate({"b": "x", "a": 1}, parent="p")
    assert one.name == other.name
    assert Candidate({"a": 1.0, "b": "x"}).name != one.name
    assert other.changes(Candidate({"a": 2, "b": "x"})) == {"a": (2, 1)}


def test_only_those_tried_on_all_examples_are_ranked() -> None:
    made, (low, high, part) = pool((0, 0, 1), (1, 1, 0), (1, 1))
    assert made.ranked(IDS) == [high, low]
    assert part.score == 1.0


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_every_strategy_chooses_by_lot_and_pool_only(name: str) -> None:
    made, entries = pool((0, 0, 1), (1, 1, 0), (1, 0, 0))
    chosen = [
        STRATEGIES[name](made, entries[0], IDS, random.Random(f"{seed}")) for seed in (1, 1, 2)
    ]
    assert chosen[0] is chosen[1]
    assert all(entry in entries for entry in chosen)
    lonely, (only,) = pool((0,))
    assert STRATEGIES[name](lonely, only, IDS, random.Random(0)) is only


def test_the_strategies_differ_in_what_they_are_for() -> None:
    made, (seed, best, third) = pool((0, 0, 1), (1, 1, 0), (1, 0, 0))
    chance = random.Random(0)
    assert STRATEGIES["basic"](made, seed, IDS, chance) is seed
    assert STRATEGIES["priority"](made, seed, IDS, chance) is best
    best.picked = 50
    assert STRATEGIES["beam"](made, seed, IDS, chance) is not best
    assert STRATEGIES["ucb"](made, seed, IDS, chance) is not best
    # The third is worse than the second on every example; the first is the only good one on c.
    drawn = {id(STRATEGIES["pareto"](made, seed, IDS, random.Random(i))) for i in range(40)}
    assert drawn == {id(seed), id(best)}
    assert id(third) not in drawn
