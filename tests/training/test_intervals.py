"""Intervals of the final numbers: published values, and how often they hold."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracegraph.training.errors import TrainingError
from tracegraph.training.intervals import difference_interval, score_interval, sign_test

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=25)


def test_wilson_as_published() -> None:
    # Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3.
    low, high = score_interval([1] * 81 + [0] * 182)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert score_interval([0] * 20) == pytest.approx((0, 0.1611), abs=1e-4)


def test_paired_proportions_as_computed_by_hand() -> None:
    # Of 50 pairs: both right 20, only after 12, only before 2, neither 16. Method 10 has
    # phi = (20 * 16 - 12 * 2 - 50 / 2) / sqrt(32 * 18 * 22 * 28) = 0.4550.
    before = [1] * 22 + [0] * 28
    after = [1] * 20 + [0] * 2 + [1] * 12 + [0] * 16
    low, high = difference_interval(before, after)
    assert (round(low, 4), round(high, 4)) == (0.0562, 0.3292)


def test_sign_test_is_exact() -> None:
    assert sign_test(0, 0) == 1.0
    assert sign_test(10, 2) == sign_test(2, 10) == pytest.approx(2 * (66 + 12 + 1) / 4096)
    assert sign_test(5, 5) == 1.0
    assert sign_test(2000, 1500) < 1e-10


@given(SCORES)
@example([0.0, 1.5037053144275325e-119])  # its cubes are too small for a float
@example([0.0, 5e-324])
def test_an_interval_encloses_the_mean(scores: list[float]) -> None:
    low, high = score_interval(scores)
    mean = sum(scores) / len(scores)
    assert 0 <= low <= mean + 1e-9
    assert mean - 1e-9 <= high <= 1


@given(SCORES, st.randoms())
def test_swapping_before_and_after_mirrors_the_interval(
    scores: list[float], rng: random.Random
) -> None:
    binary = [float(score > 0.5) for score in scores]
    other = [float(rng.random() < 0.5) for _ in scores]
    low, high = difference_interval(binary, other)
    mirrored = difference_interval(other, binary)
    assert mirrored == pytest.approx((-high, -low), abs=1e-9)


def test_equal_scores_still_have_an_interval() -> None:
    assert score_interval([0.5] * 10)[0] < 0.4
    low, high = difference_interval([0.2] * 10, [0.2] * 10)
    assert low < -0.2
    assert high > 0.2
    low, high = difference_interval([0, 1] * 10, [0, 1] * 10)
    assert low < 0 < high


@pytest.mark.parametrize("n", [20, 60])
def test_how_often_the_intervals_hold(n: int) -> None:
    rng, runs, misses = random.Random(n), 120, 0
    for seed in range(runs):
        before = [rng.random() ** 2 for _ in range(n)]
        after = [min(1.0, score + 0.2 * rng.random()) for score in before]
        truth = 0.1 - 0.0034  # what is cut off at 1: E[(s^2 + 0.2 u - 1)+] by integration
        low, high = difference_interval(before, after, seed=seed)
        misses += not low <= truth <= high
    assert misses / runs < 0.12


def test_a_seed_makes_the_bootstrap_repeatable() -> None:
    scores = [0.1, 0.4, 0.35, 0.8, 0.9]
    assert score_interval(scores) == score_interval(scores)
    assert score_interval(scores, 0.5)[0] > score_interval(scores, 0.99)[0]


def test_what_has_no_interval() -> None:
    with pytest.raises(TrainingError, match="no scores"):
        score_interval([])
    with pytest.raises(TrainingError, match="1 scores before and 2 after"):
        difference_interval([0.5], [0.5, 1.0])
