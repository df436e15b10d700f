"""What the search may use of a budget, so that enough is left for the proof at its end."""

from __future__ import annotations

from tracegraph.models.budget import Amount, Budget

_MARGIN = 1.2  # the best candidate's prompts may be longer than the seed's
_FOR_AN_ENGINE = 0.6  # the rest is for its model, and for the test of what it finds


def for_search(budget: Budget, used: Amount, examples: int, planned: int) -> Budget:
    """Return a part of the budget that leaves what the proof will need.

    Args:
        budget: of the whole run.
        used: what running some examples took.
        examples: how many these were; 0 leaves nothing for the proof, as nothing is known.
        planned: how many the proof will run.
    """
    share = _MARGIN * planned / examples if examples else 0.0
    left = budget.remaining
    return budget.child(
        "search",
        tokens=None if left.tokens is None else max(0, int(left.tokens - used.tokens * share)),
        dollars=None if left.dollars is None else max(0.0, left.dollars - used.dollars * share),
        calls=None if left.calls is None else max(0, int(left.calls - used.calls * share)),
        seconds=None if left.seconds is None else max(0.0, left.seconds - used.seconds * share),
    )


def affordable(allowed: Budget, used: Amount, examples: int) -> int | None:
    """Return how many more examples a budget pays for; None when nothing limits them.

    A part is left for the test at the end.
    """
    left = allowed.remaining
    found = []
    for limit, taken in (
        (left.tokens, used.tokens),
        (left.dollars, used.dollars),
        (left.calls, used.calls),
        (left.seconds, used.seconds),
    ):
        if limit is not None and taken:
            found.append(int(_FOR_AN_ENGINE * limit * examples / taken))
    return min(found, default=None)
