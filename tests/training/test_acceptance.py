"""The paired test: no more false acceptances than it says, and power."""

from __future__ import annotations

import itertools
import json
import math
import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.training.acceptance import PairedTest, mean_difference, spend
from tracegraph.training.confidence import running_interval
from tracegraph.training.errors import TrainingError

Draw = Callable[[random.Random, list[float]], float]


def binary(won: float, lost: float) -> Draw:
    """Return differences of right and wrong answers."""

    def drawn(rng: random.Random, _: list[float]) -> float:
        lot = rng.random()
        return 1.0 if lot < won else -1.0 if lot < won + lost else 0.0

    return drawn


def chasing(rng: random.Random, seen: list[float]) -> float:
    """Return fair outcomes that are larger the further the test got: it plays against the bets."""
    size = min(1.0, 0.05 + abs(sum(seen)) / 5)
    return size if rng.random() < 0.5 else -size


def doubling(rng: random.Random, seen: list[float]) -> float:
    """Return many small gains and a rare large loss, by turns also the opposite; mean 0."""
    if len(seen) % 40 < 20:
        return 0.1 if rng.random() < 0.9 else -0.9
    return 0.9 if rng.random() < 0.1 else -0.1


NULLS: dict[str, Draw] = {
    "equal": binary(0.2, 0.2),
    "rarely different": binary(0.03, 0.03),
    "always different": binary(0.5, 0.5),
    "worse": binary(0.1, 0.2),
    "smooth": lambda rng, _: rng.uniform(-0.3, 0.3),
    "repeats": lambda rng, _: sum(rng.choice([-1, 0, 0, 1]) for _ in range(3)) / 3,
    "chasing": chasing,
    "doubling": doubling,
}


def run(test: PairedTest, drawn: Draw, rng: random.Random, most: int) -> PairedTest:
    seen: list[float] = []
    while test.verdict == "undecided" and test.count < most:
        seen.append(drawn(rng, seen))
        test.add(seen[-1])
    return test


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("largest", [30, 120, None])
def test_no_more_false_acceptances_than_alpha(null: str, largest: int | None) -> None:
    alpha, runs, rng = 0.1, 600, random.Random(f"{null} {largest}")
    accepted = sum(
        run(PairedTest(alpha, largest=largest), NULLS[null], rng, largest or 150).verdict
        == "accepted"
        for _ in range(runs)
    )
    # Four standard errors above alpha: by chance once in thirty thousand such tests.
    assert accepted / runs <= alpha + 4 * math.sqrt(alpha * (1 - alpha) / runs)


@given(
    values=st.lists(st.sampled_from([-1.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0]), max_size=8),
    largest=st.one_of(st.none(), st.integers(8, 30)),
)
def test_no_bet_has_an_expected_gain(values: list[float], largest: int | None) -> None:
    # The exact statement behind the bound: for each way to go on with mean 0, the wealth after
    # the next pair is on average the wealth before it.
    def wealth(last: float) -> float:
        test = PairedTest(0.01, largest=largest)
        for value in values:
            test.add(value)
        if test.verdict == "undecided":
            test.add(last)
        return test.e_value

    before = wealth(0.0)
    for size in (0.2, 1.0):
        assert (wealth(size) + wealth(-size)) / 2 == pytest.approx(before)
    assert 0.9 * wealth(0.1) + 0.1 * wealth(-0.9) == pytest.approx(before)
    assert before >= 0


@pytest.mark.parametrize(
    ("won", "lost", "largest", "power"),
    [(0.194, 0.044, 60, 0.6), (0.194, 0.044, 100, 0.8), (0.194, 0.044, 200, 0.95)],
)
def test_power_for_15_points_at_correlation_one_half(
    won: float, lost: float, largest: int, power: float
) -> None:
    rng = random.Random(largest)
    tests = [run(PairedTest(largest=largest), binary(won, lost), rng, largest) for _ in range(300)]
    assert sum(test.verdict == "accepted" for test in tests) / 300 >= power
    assert sum(test.count for test in tests) / 300 < 0.75 * largest


def test_it_gives_up_early_on_a_worse_candidate() -> None:
    rng = random.Random(4)
    tests = [run(PairedTest(largest=200), binary(0.1, 0.2), rng, 200) for _ in range(100)]
    assert sum(test.count for test in tests) / 100 < 80
    unknown_end = [run(PairedTest(), binary(0.05, 0.35), rng, 300) for _ in range(50)]
    assert all(test.reason == "worse" for test in unknown_end)


def test_a_verdict_stays_and_is_reported() -> None:
    test = PairedTest(largest=30)
    for _ in range(12):
        test.add(1.0)
    assert (test.verdict, test.reason) == ("accepted", "better")
    assert test.e_value == pytest.approx(20, rel=1e-6)
    assert test.p_value <= 0.05
    for _ in range(12):
        test.add(-1.0)
    assert test.verdict == "accepted"
    assert (test.count, test.wins, test.losses, test.ties, test.mean) == (24, 12, 12, 0, 0.0)
    stored = json.loads(json.dumps(test.to_json()))
    assert stored["verdict"] == "accepted"
    assert stored["interval"] == list(test.interval)


def test_ties_are_no_evidence() -> None:
    test = PairedTest(largest=25)
    for _ in range(25):
        test.add(0.0)
    assert (test.verdict, test.e_value, test.p_value, test.ties) == ("rejected", 1.0, 1.0, 25)


def test_the_span_scales_everything() -> None:
    one, ten = PairedTest(largest=40), PairedTest(largest=40, span=10)
    rng = random.Random(2)
    for _ in range(40):
        value = rng.uniform(-0.5, 0.8)
        one.add(value)
        ten.add(10 * value)
    assert (one.verdict, one.count) == (ten.verdict, ten.count)
    assert ten.e_value == pytest.approx(one.e_value)
    assert ten.interval == pytest.approx([10 * bound for bound in one.interval])


@pytest.mark.parametrize("value", [1.5, -2.0, math.nan, math.inf])
def test_differences_outside_of_the_span_are_refused(value: float) -> None:
    with pytest.raises(TrainingError, match="not between"):
        PairedTest().add(value)


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"alpha": 1.0}, {"largest": 0}, {"span": 0.0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(TrainingError):
        PairedTest(**wrong)  # type: ignore[arg-type]


def test_adding_is_fast() -> None:
    test = PairedTest(largest=1000)
    started = time.process_time()
    for number in range(1000):
        test.add(1.0 if number % 2 else -1.0)
    assert time.process_time() - started < 0.5  # 0.01 s when nothing else runs


# The interval


@pytest.mark.parametrize(
    ("drawn", "mean"), [(binary(0.25, 0.1), 0.15), (binary(0.05, 0.05), 0.0), (chasing, 0.0)]
)
def test_the_interval_holds_at_all_times(drawn: Draw, mean: float) -> None:
    rng, misses = random.Random(6), 0
    for _ in range(120):
        seen: list[float] = []
        while len(seen) < 60:
            seen.append(drawn(rng, seen))
        # Once out of bounds, a mean stays out: the last interval speaks for all times.
        low, high = running_interval(seen)
        misses += not low <= mean <= high
    assert misses <= 0.05 * 120 + 4 * math.sqrt(0.05 * 0.95 * 120)


@given(st.lists(st.floats(-1, 1), max_size=30), st.lists(st.floats(-1, 1), max_size=5))
def test_the_interval_only_shrinks(first: list[float], more: list[float]) -> None:
    low, high = running_interval(first)
    later = running_interval(first + more)
    assert -1 <= low <= later[0]
    assert later[1] <= high <= 1


def test_the_interval_of_nothing_is_everything() -> None:
    assert PairedTest().interval == (-1.0, 1.0)


# Several tests, several measurements


@given(st.floats(0.001, 0.5), st.integers(1, 400))
def test_a_run_spends_no_more_than_alpha(alpha: float, tests: int) -> None:
    parts = [spend(alpha, k) for k in range(1, tests + 1)]
    assert sum(parts) <= alpha
    assert all(one > other > 0 for one, other in itertools.pairwise(parts))


def test_the_first_ten_tests_have_most_of_it() -> None:
    assert spend(0.05, 1) == pytest.approx(0.01)
    assert sum(spend(0.05, k) for k in range(1, 11)) > 0.7 * 0.05
    assert sum(spend(0.05, k) for k in range(1, 100_000)) == pytest.approx(0.05, rel=1e-3)
    with pytest.raises(TrainingError, match="counted from 1"):
        spend(0.05, 0)


def test_repeats_of_an_example_are_one_difference() -> None:
    assert mean_difference(0.5, 1) == 0.5
    assert mean_difference([0, 1, 1, 0], [1, 1, 1]) == 0.5
    with pytest.raises(TrainingError, match="no score"):
        mean_difference([], [1.0])
