"""Intervals for the final numbers: a mean score, and a mean difference on the same examples.

They hold for examples that no decision looked at; for a test that is looked at as it runs see
``confidence.py``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import NormalDist

from tracegraph.training.errors import TrainingError

_RESAMPLES = 2000


def score_interval(
    scores: Sequence[float], level: float = 0.95, *, seed: int = 0
) -> tuple[float, float]:
    """Return an interval for the mean of scores between 0 and 1.

    For scores of 0 and 1 only, or all alike, it is Wilson's (1927); else the bootstrap, bias
    corrected and accelerated (Efron 1987), widened for few scores (Hesterberg 2015).

    Raises:
        TrainingError: there are no scores.
    """
    _check(scores)
    if _is_binary(scores) or len(set(scores)) == 1:
        return _wilson(math.fsum(scores) / len(scores), len(scores), level)
    low, high = _bootstrap(scores, level, seed)
    return max(0.0, low), min(1.0, high)


def rough_interval(scores: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Return the interval of `score_interval` for long lists: by Student's t, no bootstrap.

    Raises:
        TrainingError: there are no scores.
    """
    _check(scores)
    n, mean = len(scores), math.fsum(scores) / len(scores)
    if _is_binary(scores) or len(set(scores)) == 1:
        return _wilson(mean, n, level)
    spread = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / (n - 1) / n)
    half = _widened(NormalDist().inv_cdf((1 + level) / 2), n) * math.sqrt((n - 1) / n) * spread
    return max(0.0, mean - half), min(1.0, mean + half)


def difference_interval(
    before: Sequence[float], after: Sequence[float], level: float = 0.95, *, seed: int = 0
) -> tuple[float, float]:
    """Return an interval for the mean of after minus before, scores from 0 to 1 in pairs.

    For scores of 0 and 1 only it is Newcombe's for paired proportions (1998, method 10); else
    the bootstrap of the differences, as in ``score_interval``.

    Raises:
        TrainingError: there are no scores, or not as many after as before.
    """
    _check(after)
    if len(before) != len(after):
        raise TrainingError(f"{len(before)} scores before and {len(after)} after are no pairs")
    if _is_binary(before) and _is_binary(after):
        return _newcombe(before, after, level)
    differences = [new - old for old, new in zip(before, after, strict=True)]
    n = len(differences)
    if len(set(differences)) == 1:  # seen as scores from -1 to 1
        low, high = _wilson((differences[0] + 1) / 2, n, level)
        return 2 * low - 1, 2 * high - 1
    low, high = _bootstrap(differences, level, seed)
    return max(-1.0, low), min(1.0, high)


def sign_test(wins: int, losses: int) -> float:
    """Return the exact two-sided p-value of "a win is as likely as a loss"; ties do not count.

    For scores of 0 and 1 this is McNemar's exact test.
    """
    n, most = wins + losses, max(wins, losses)
    tail = sum(math.comb(n, k) for k in range(most, n + 1))
    return float(min(1.0, 2 * tail / 2**n))


def _check(scores: Sequence[float]) -> None:
    if not scores:
        raise TrainingError("there are no scores to give an interval for")


def _is_binary(scores: Sequence[float]) -> bool:
    return all(score in (0, 1) for score in scores)


def _wilson(share: float, n: int, level: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # Rounding must not put the bound beyond the share itself.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def _newcombe(before: Sequence[float], after: Sequence[float], level: float) -> tuple[float, float]:
    n = len(after)
    pairs = list(zip(after, before, strict=True))
    both, neither = pairs.count((1, 1)), pairs.count((0, 0))
    won, lost = pairs.count((1, 0)), pairs.count((0, 1))
    new, old = (both + won) / n, (both + lost) / n
    # The correlation of the pairs, corrected for continuity when it is positive.
    product: float = both * neither - won * lost
    if product > 0:
        product = max(product - n / 2, 0)
    margins = (both + won) * (lost + neither) * (both + lost) * (won + neither)
    phi = product / math.sqrt(margins) if margins else 0.0
    new_low, new_high = _wilson(new, n, level)
    old_low, old_high = _wilson(old, n, level)
    low = _combined(new - new_low, old_high - old, phi)
    high = _combined(new_high - new, old - old_low, phi)
    return max(-1.0, new - old - low), min(1.0, new - old + high)


def _combined(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _bootstrap(values: Sequence[float], level: float, seed: int) -> tuple[float, float]:
    """Return the BCa interval of the mean (Efron 1987)."""
    n = len(values)
    mean = math.fsum(values) / n
    rng = random.Random(seed)
    means = sorted(math.fsum(rng.choices(values, k=n)) / n for _ in range(_RESAMPLES))
    normal = NormalDist()
    below = sum(each < mean for each in means) + sum(each == mean for each in means) / 2
    bias = normal.inv_cdf(min(max(below, 1), _RESAMPLES - 1) / _RESAMPLES)
    # In units of the largest one: cubes of tiny deviations would be 0.
    largest = max(abs(mean - value) for value in values) or 1.0
    off = [(mean - value) / largest for value in values]
    cubes, squares = math.fsum(each**3 for each in off), math.fsum(each**2 for each in off)
    # The jackknife's acceleration; leaving value i out moves the mean by (mean - value) / (n - 1).
    acceleration = cubes / (6 * squares**1.5) if squares else 0.0
    z = _widened(normal.inv_cdf((1 + level) / 2), n)

    def at(z: float) -> float:
        shifted = bias + (bias + z) / max(1e-6, 1 - acceleration * (bias + z))
        place = round(normal.cdf(shifted) * (_RESAMPLES - 1))
        return means[place]

    return at(-z), at(z)


def _widened(z: float, n: int) -> float:
    """Return Student's quantile in place of the normal one, and undo the bootstrap's 1 - 1/n.

    Source: Hesterberg 2015, What teachers should know about the bootstrap, section 5; the
    quantile by the expansion of Fisher and Cornish (1960).
    """
    v = n - 1
    t = z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v * v)
    return t * math.sqrt(n / v)
