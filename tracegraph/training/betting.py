"""A bettor: its wealth is the evidence that a mean is above 0."""

from __future__ import annotations

import math

# What is believed of the mean square before there is data, as a share of the largest square so
# far, and how many values that belief weighs.
_SQUARE, _WEIGHT = 0.3, 10
# The most of the wealth that one value may take away: what is left can still win.
_RISK = 0.99
# How many standard errors below the mean the bet on a clear advantage is placed.
_CAUTION = 0.5
# Rounds that are always thought to be ahead where no end is known.
_AHEAD = 50


class Bettor:
    """Bets, before it sees each value, that the mean of values between -1 and 1 is above 0.

    If the mean of each value given those before is 0 or less, the wealth, 1 at first, is a
    nonnegative supermartingale whatever the bets are: its chance of ever reaching 1/alpha is at
    most alpha (Ville 1939; Waudby-Smith and Ramdas 2024, Estimating means of bounded random
    variables by betting). The bets decide only how soon it gets there when the mean is larger.

    Args:
        goal: the logarithm of the wealth that ends the bet, ln(1/alpha).
        rounds: how many values there are at most; None where no end is known.
    """

    __slots__ = (
        "_gained", "_gains", "_largest", "_squares", "_sum", "count", "goal", "log_wealth",
        "rounds",
    )  # fmt: skip

    def __init__(self, goal: float, rounds: int | None) -> None:
        self.goal = goal
        self.rounds = rounds
        self.count = 0
        self.log_wealth = 0.0
        self._sum = 0.0
        self._squares = 0.0
        self._largest = 0.0
        self._gains = 0
        self._gained = 0.0

    @property
    def done(self) -> bool:
        """Whether the wealth has reached its goal; then nothing is bet any more."""
        return self.log_wealth >= self.goal

    @property
    def mean_square(self) -> float:
        """The mean square of the values, with some belief mixed in while they are few."""
        belief = _SQUARE * (self._largest**2 or 1.0)
        return (belief * _WEIGHT + self._squares) / (_WEIGHT + self.count)

    def see(self, value: float) -> None:
        """Take the next value and win or lose what was bet on it."""
        self.log_wealth += math.log1p(self._stake() * value)
        self.count += 1
        self._sum += value
        self._squares += value * value
        self._largest = max(self._largest, abs(value))
        if value > 0:
            self._gains += 1
            self._gained += value

    def _stake(self) -> float:
        """Return the share of the wealth to bet: the larger of two bets, within two limits."""
        missing = self.goal - self.log_wealth
        if missing <= 0:
            return 0.0
        square = self.mean_square
        seen = self.count + _WEIGHT
        # The bet that is likeliest to reach the goal in the rounds that are left, with no more
        # variance than needed (Voracek and Orabona 2025, STaR-Bets).
        ahead = self.count + _AHEAD if self.rounds is None else max(1, self.rounds - self.count)
        by_target = math.sqrt(2 * missing / (ahead * square))
        # The bet that grows fastest (Kelly 1956; approximate GRAPA in Waudby-Smith and Ramdas),
        # for a cautious estimate of the mean: a clear advantage ends the test early.
        cautious = self._sum / seen - _CAUTION * math.sqrt(square / seen)
        # No more than can be lost, and no more than reaches the goal with a gain as they were so
        # far; with the largest possible one, the wealth would creep up to its goal for ever.
        typical = self._gained / self._gains if self._gains else 1.0
        return min(max(by_target, cautious / square), _RISK, math.expm1(missing + 1e-9) / typical)
