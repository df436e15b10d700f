"""What the search may use of a budget, so that enough is left for the proof at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tracegraph.models.budget import Amount, Budget

_MARGIN = 1.2  # locked examples may take more than those that were measured
_FOR_AN_ENGINE = 0.6  # the rest is for its model, and for the test of what it finds


@dataclass(frozen=True, slots=True)
class Taken:
    """What running a candidate on some examples took; nothing is known of none."""

    amount: Amount = field(default_factory=Amount)
    examples: int = 0

    def and_also(self, amount: Amount, examples: int) -> Taken:
        """Return it with further examples."""
        return Taken(
            Amount(
                self.amount.tokens + amount.tokens,
                self.amount.dollars + amount.dollars,
                self.amount.calls + amount.calls,
                self.amount.seconds + amount.seconds,
            ),
            self.examples + examples,
        )


def for_search(budget: Budget, proven: Iterable[Taken], examples: int) -> Budget:
    """Return a part of the budget that leaves what the proof will need.

    Args:
        budget: of the whole run.
        proven: what each candidate that the proof will run has taken until now.
        examples: how many the proof will run each of them on.
    """
    left = budget.remaining
    tokens = dollars = calls = seconds = 0.0
    for one in proven:
        share = _MARGIN * examples / one.examples if one.examples else 0.0
        tokens += one.amount.tokens * share
        dollars += one.amount.dollars * share
        calls += one.amount.calls * share
        seconds += one.amount.seconds * share
    return budget.child(
        "search",
        tokens=None if left.tokens is None else max(0, int(left.tokens - tokens)),
        dollars=None if left.dollars is None else max(0.0, left.dollars - dollars),
        calls=None if left.calls is None else max(0, int(left.calls - calls)),
        seconds=None if left.seconds is None else max(0.0, left.seconds - seconds),
    )


def affordable(allowed: Budget, taken: Taken) -> int | None:
    """Return how many more examples a budget pays for; None when nothing limits them.

    A part is left for the test at the end.
    """
    left, used = allowed.remaining, taken.amount
    found = []
    for limit, spent in (
        (left.tokens, used.tokens),
        (left.dollars, used.dollars),
        (left.calls, used.calls),
        (left.seconds, used.seconds),
    ):
        if limit is not None and spent:
            found.append(int(_FOR_AN_ENGINE * limit * taken.examples / spent))
    return min(found, default=None)
