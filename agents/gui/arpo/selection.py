"""Which tasks to train on: those that succeed now and then."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tracegraph.agents.groups import Group

_SUCCESS = 1.0


def pass_at_k(tries: int, successes: int, k: int) -> float:
    """Return the chance that at least one of k tries succeeds, unbiased.

    1 - C(tries - successes, k) / C(tries, k). Source: Chen et al. 2021, equation 1.

    Args:
        tries: how many were made.
        successes: how many of them succeeded.
        k: how many to draw of them, at most ``tries``.
    """
    if not 0 <= successes <= tries or not 1 <= k <= tries:
        raise ValueError(f"pass@{k} of {successes} successes in {tries} tries is not defined")
    return 1.0 - math.comb(tries - successes, k) / math.comb(tries, k)


def select_tasks(
    groups: Iterable[Group], *, k: int = 16, least: float = 0.0, most: float = 1.0
) -> list[str]:
    """Return the tasks whose pass@k lies above ``least`` and at most at ``most``, easiest first.

    With the defaults: those that succeeded at least once in 16 tries, as ARPO chooses.

    Args:
        groups: tries of each task; with fewer than k tries, k is their number.
        k: of pass@k.
        least: the lower bound.
        most: the upper bound.
    """
    found: list[tuple[float, str]] = []
    for group in groups:
        tries = len(group.evaluations)
        if tries:
            successes = sum(value >= _SUCCESS for value in group.evaluations)
            found.append((pass_at_k(tries, successes, min(k, tries)), group.task))
    return [task for value, task in sorted(found, key=lambda f: -f[0]) if least < value <= most]
