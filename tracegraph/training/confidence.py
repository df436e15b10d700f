"""Bounds of a mean that hold at all times together: a confidence sequence."""

from __future__ import annotations

from collections.abc import Sequence

_BETS = 20  # shares of the wealth, evenly spread
_HALVINGS = 12  # of the range from -1 to 1: the bounds are exact to 1/2048


def running_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Return bounds of the mean of values between -1 and 1, seen one after the other.

    With a chance of at least ``level``, the mean is within the bounds after every value. A mean
    is out of bounds once those who bet against it have won enough, on either side: the mean
    wealth of bettors with different fixed shares (Waudby-Smith and Ramdas 2024, Estimating means
    of bounded random variables by betting). The larger the mean, the smaller this wealth, so a
    bound can be found by halving. Bounds that cross say that the mean has changed on the way.
    """
    alpha = (1 - level) / 2
    return _lower(values, alpha), -_lower([-value for value in values], alpha)


def _lower(values: Sequence[float], alpha: float) -> float:
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _is_refuted(middle, values, alpha):
            low = middle
        else:
            high = middle
    return low


def _is_refuted(mean: float, values: Sequence[float], alpha: float) -> bool:
    """Say whether bettors against "the mean is at most this" ever had 1/alpha on average."""
    # The most that can be bet without going bankrupt is 1 / (1 + mean); each bets a share of it.
    stakes = [(number + 0.5) / _BETS / (1 + mean) for number in range(_BETS)]
    wealth = [1.0] * _BETS
    enough = _BETS / alpha
    for value in values:
        gain = value - mean
        wealth = [w * (1 + stake * gain) for w, stake in zip(wealth, stakes, strict=True)]
        if sum(wealth) >= enough:
            return True
    return False
