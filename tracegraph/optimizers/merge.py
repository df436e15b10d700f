"""Merging two candidates: each parameter from the parent that changed it for the better.

Source: Agrawal et al. 2025, "GEPA: Reflective Prompt Evolution", system-aware merge.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tracegraph.optimizers.optimizer import Trial

__all__ = ["merge", "mergers", "Merged"]


@dataclass(frozen=True, slots=True)
class Merged:
    """What two candidates make together.

    Attributes:
        values: of all parameters.
        parents: the two.
        ancestor: the last one that both come from.
    """

    values: Mapping[str, Any]
    parents: tuple[str, str]
    ancestor: str


def merge(history: Sequence[Trial], one: str, other: str) -> Merged | None:
    """Return the merger of two candidates; None where it would be one of them, or makes no sense.

    A parameter that only one of them changed since their last common ancestor is taken from it;
    of one that both changed, the value of the candidate with the better score. Both must be
    better than the ancestor, else there is nothing to unite.
    """
    by_id = {trial.id: trial for trial in history}
    first, second = by_id.get(one), by_id.get(other)
    if first is None or second is None or one == other:
        return None
    mine = list(_line(by_id, one))
    ancestor = next((name for name in _line(by_id, other) if name in mine), None)
    if ancestor is None or ancestor in (one, other):
        return None
    base = by_id[ancestor]
    if not (_better(first, base) and _better(second, base)):
        return None
    preferred = first if (first.score or 0.0) >= (second.score or 0.0) else second
    values: dict[str, Any] = {}
    for name, value in first.values.items():
        theirs = second.values.get(name, value)
        if value == base.values.get(name, value):
            values[name] = theirs
        elif theirs == base.values.get(name, theirs):
            values[name] = value
        else:
            values[name] = preferred.values.get(name, value)
    if any(values == dict(trial.values) for trial in history):
        return None
    return Merged(values, (one, other), ancestor)


def mergers(history: Sequence[Trial], names: Sequence[str]) -> Iterator[Merged]:
    """Yield the mergers of candidates that were not tried yet, the best parents first."""
    by_id = {trial.id: trial for trial in history}
    known = [name for name in names if name in by_id]
    ranked = sorted(known, key=lambda name: -(by_id[name].score or 0.0))
    seen: list[Mapping[str, Any]] = []
    for one, other in itertools.combinations(ranked, 2):
        made = merge(history, one, other)
        if made is not None and made.values not in seen:
            seen.append(made.values)
            yield made


def _line(by_id: Mapping[str, Trial], name: str) -> Iterator[str]:
    """Yield a candidate and its ancestors, the nearest first."""
    seen: set[str] = set()
    while name in by_id and name not in seen:
        seen.add(name)
        yield name
        name = by_id[name].parent


def _better(trial: Trial, base: Trial) -> bool:
    """Whether a candidate is better on the examples that both were scored on."""
    shared = trial.scores.keys() & base.scores.keys()
    return sum(trial.scores[e] - base.scores[e] for e in shared) > 0
