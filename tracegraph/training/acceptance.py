"""When a candidate replaces its parent: a paired test that may be looked at after every example.

docs/acceptance.md explains the rule in plain words and shows how it compares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from tracegraph.training.betting import Bettor
from tracegraph.training.confidence import running_interval
from tracegraph.training.errors import TrainingError

__all__ = ["PairedTest", "spend", "mean_difference"]

Verdict = Literal["accepted", "rejected", "undecided"]

_WORSE = 0.05  # the chance of calling a candidate worse that is not
_HOPE = 3.0  # standard errors above the mean: the best that the rest may still be
_FIRST_LOOK = 5  # pairs before hope is given up
_FLAT = 4  # of the sequence of spend(); see there


class PairedTest:
    """Tests whether a candidate is better than its parent on the same examples.

    The null hypothesis is that the mean difference, candidate minus parent, is 0 or less. A
    candidate for which it holds is accepted with a chance of at most ``alpha``, however often
    one looks, for any distribution of the differences within the span. What can change the order
    of the examples must not depend on their scores: add them in a fixed order, not in that in
    which they finish.

    The first verdict stays. "rejected" means: not shown to be better. It comes when ``largest``
    is reached, when even good luck would not suffice any more, or when the candidate is worse.

    Args:
        alpha: the chance of a false acceptance.
        largest: the most pairs there will be; None if unknown. Knowing it makes the test much
            stronger. No test passes with fewer than log2(1/alpha) pairs.
        span: differences are between -span and span.
    """

    def __init__(
        self, alpha: float = 0.05, *, largest: int | None = None, span: float = 1.0
    ) -> None:
        if not 0 < alpha < 1:
            raise TrainingError(
                f"alpha={alpha}: the chance of a false acceptance is between 0 and 1"
            )
        if largest is not None and largest < 1:
            raise TrainingError(f"largest={largest}: a test needs at least one pair")
        if not 0 < span < math.inf:
            raise TrainingError(f"span={span}: the largest difference is a positive number")
        self.alpha = alpha
        self.largest = largest
        self.span = span
        self.verdict: Verdict = "undecided"
        self.reason = ""
        self.wins = self.losses = self.ties = 0
        self._differences: list[float] = []
        self._better = Bettor(-math.log(alpha), largest)
        self._worse = Bettor(-math.log(_WORSE), largest)
        self._most = 0.0
        self._sum = 0.0

    def add(self, difference: float) -> None:
        """Take the candidate's score minus the parent's on the next example.

        Raises:
            TrainingError: it is not within the span.
        """
        x = difference / self.span
        if not abs(x) <= 1 + 1e-9:
            raise TrainingError(
                f"a difference of {difference} is not between {-self.span} and {self.span}; "
                "give the test the span of the scores"
            )
        x = min(1.0, max(-1.0, x))
        self._differences.append(x)
        self.wins += x > 0
        self.losses += x < 0
        self.ties += x == 0
        self._sum += x
        if self.verdict == "undecided":
            self._better.see(x)
            self._worse.see(-x)
            self._most = max(self._most, self._better.log_wealth)
            self._decide()

    @property
    def count(self) -> int:
        """How many pairs were added."""
        return len(self._differences)

    @property
    def mean(self) -> float:
        """The mean difference so far; 0 before the first pair."""
        return self.span * self._sum / max(1, self.count)

    @property
    def e_value(self) -> float:
        """The evidence for "better": the bettor's wealth, from 1 at the start to 1/alpha."""
        return math.exp(self._better.log_wealth)

    @property
    def p_value(self) -> float:
        """A p-value that holds at any time: 1 over the largest wealth so far."""
        return math.exp(-self._most)

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds of the mean difference: with a chance of 95 % they hold at all times together.

        They may enclose 0 for a candidate that was just accepted: the test looks at 0 only, and
        is sharper there.
        """
        low, high = running_interval(self._differences)
        return self.span * low, self.span * high

    def to_json(self) -> dict[str, Any]:
        """Return everything that a report shows, as plain values."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "alpha": self.alpha,
            "largest": self.largest,
            "span": self.span,
            "count": self.count,
            "wins": self.wins,
            "losses": self.losses,
            "ties": self.ties,
            "mean": self.mean,
            "interval": list(self.interval),
            "e_value": self.e_value,
            "p_value": self.p_value,
        }

    def _decide(self) -> None:
        if self._better.done:
            self.verdict, self.reason = "accepted", "better"
        elif self._worse.done:
            self.verdict, self.reason = "rejected", "worse"
        elif self.largest is not None and self.count >= self.largest:
            self.verdict, self.reason = "rejected", "not shown to be better"
        elif self._is_futile():
            self.verdict, self.reason = "rejected", "too far behind to pass"

    def _is_futile(self) -> bool:
        """Say whether the rest would not suffice even if it were as good as can be hoped.

        Giving up early cannot raise the chance of a false acceptance, so this may be rough.
        """
        n = self.count
        if self.largest is None or n < _FIRST_LOOK:
            return False
        square = self._better.mean_square
        hoped = self._sum / n + _HOPE * math.sqrt(square / n)
        if hoped <= 0:
            return True
        # The growth a round of the best bet on outcomes of +-1 with this mean and mean square.
        ratio = hoped / square
        if ratio < 1:
            up, down = (1 + ratio) / 2, (1 - ratio) / 2
            growth = square * (up * math.log1p(ratio) + down * math.log1p(-ratio))
        else:
            growth = hoped * math.log(2)
        return (self.largest - n) * growth < self._better.goal - self._better.log_wealth


def mean_difference(before: float | Sequence[float], after: float | Sequence[float]) -> float:
    """Return candidate minus parent on one example, each measured once or several times.

    Where a metric is noisy, the mean of its repeats is one measurement: an example counts once.
    """
    return _mean(after) - _mean(before)


def _mean(scores: float | Sequence[float]) -> float:
    if isinstance(scores, int | float):
        return float(scores)
    if not scores:
        raise TrainingError(
            "there is no score to compare; an example that failed to run has no pair"
        )
    return math.fsum(scores) / len(scores)


def spend(alpha: float, k: int) -> float:
    """Return the part of alpha for the k-th test of a run, counted from 1.

    The chance that a run accepts anything that is not better is at most the sum, which is alpha:
    the parts 4 alpha / ((k + 3)(k + 4)) telescope. The first test has a fifth of alpha, the first
    ten together 71 %, and each later one a little, so a run may go on as long as it likes. Of the
    sequences m / ((k + m - 1)(k + m)), m = 4 has the largest mean power over the first ten tests
    (docs/acceptance.md); the usual 6 / (pi k)^2 spends 61 % on the first one.
    """
    if k < 1:
        raise TrainingError(f"tests of a run are counted from 1, not {k}")
    return alpha * _FLAT / ((k + _FLAT - 1) * (k + _FLAT))
