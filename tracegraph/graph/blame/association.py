"""How well a split of the runs by one feature tells good from bad scores."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tracegraph.graph.blame.features import Features

    Cell = tuple[float | str, float, int]  # a feature, the score, and the number of a run
    Members = Callable[[], list[int]]

_SMALLEST = 2  # a split with fewer runs on one side tells nothing
_LABELS = 20  # more different labels than that are not groups


@dataclass(frozen=True, slots=True)
class Split:
    """The best split of the runs in two.

    Attributes:
        strength: the part of the scores' variance that it explains, after the price of having
            looked for it; from 0 to 1.
        text: the side with the lower scores, in words.
        low, high: the mean score on that side and on the other.
        count: how many runs are on the side with the lower scores.
        side: the places of these runs in the list.
    """

    strength: float
    text: str
    low: float
    high: float
    count: int
    side: frozenset[int] = frozenset()


NOTHING = Split(0.0, "", 0.0, 0.0, 0)


def best_split(rows: Sequence[Features | None], scores: Sequence[float]) -> Split:
    """Return the split by one feature that explains the scores best.

    The strength is that of a regression on the split, less the Bayesian information criterion's
    price for one more mean and the price of choosing one of ``m`` splits:
    ``1 - exp(-2/n (n/2 ln(RSS0/RSS1) - ln(n)/2 - ln(m)))`` with n runs (Schwarz 1978, "Estimating
    the Dimension of a Model"). Costs n log n for each feature.

    Args:
        rows: the features of one node in each run; None where the run did not come to it.
        scores: one for each run, higher is better.
    """
    n = len(scores)
    mean = sum(scores) / n if n else 0.0
    total = sum((s - mean) ** 2 for s in scores)
    if n < 2 * _SMALLEST or total < 1e-12:
        return NOTHING
    centred = [s - mean for s in scores]
    tried, best = 0, (0.0, 0.0, 0, "", "", _nobody)
    for count, shift, text, opposite, members in _splits(rows, centred):
        if _SMALLEST <= count <= n - _SMALLEST:
            tried += 1
            # What two groups explain, from the sum of one: count/n of the runs, total zero.
            explained = shift * shift * n / (count * (n - count))
            if explained > best[0]:
                best = (explained, shift, count, text, opposite, members)
    explained, shift, count, text, opposite, members = best
    if tried == 0 or explained <= 0:
        return NOTHING
    rest = max(total - explained, total * 1e-3)
    gain = n / 2 * math.log(total / rest) - math.log(n) / 2 - math.log(tried)
    low, high, side = mean + shift / count, mean - shift / (n - count), frozenset(members())
    if low > high:
        text, low, high, count = opposite, high, low, n - count
        side = frozenset(range(n)) - side
    return Split(max(0.0, 1 - math.exp(-2 * gain / n)), text, low, high, count, side)


def beyond(split: Split, scores: Sequence[float]) -> list[float]:
    """Return what a split leaves unexplained of the scores: their distance from its two means."""
    if not split.strength:
        return list(scores)
    return [s - (split.low if i in split.side else split.high) for i, s in enumerate(scores)]


def _splits(
    rows: Sequence[Features | None], centred: Sequence[float]
) -> Iterator[tuple[int, float, str, str, Members]]:
    """Yield (how many runs, the sum of their scores, the side and the other in words, who)."""
    columns: dict[str, list[Cell]] = {}
    missing: list[int] = []
    for i, (row, score) in enumerate(zip(rows, centred, strict=True)):
        if row is None:
            missing.append(i)
            continue
        for name, value in row.items():
            columns.setdefault(name, []).append((value, score, i))
    if missing:
        away = sum(centred[i] for i in missing)
        yield len(missing), away, "it was not reached", "it was reached", lambda: missing
    for name, column in columns.items():
        if all(isinstance(value, float) for value, _, _ in column):
            column.sort(key=_first)
            count, shift = 0, 0.0
            for (value, score, _), (after, _, _) in itertools.pairwise(column):
                count, shift = count + 1, shift + score
                if after != value:
                    members = functools.partial(_before, column, count)
                    yield count, shift, f"{name} <= {value:g}", f"{name} > {value:g}", members
            continue
        groups: dict[float | str, tuple[int, float]] = {}
        for label, score, _ in column:
            count, shift = groups.get(label, (0, 0.0))
            groups[label] = (count + 1, shift + score)
        if len(groups) <= _LABELS:
            for label, (count, shift) in groups.items():
                members = functools.partial(_with, column, label)
                yield count, shift, f"{name} is {label}", f"{name} is not {label}", members


def _before(column: list[Cell], count: int) -> list[int]:
    return [i for _, _, i in column[:count]]


def _with(column: list[Cell], label: float | str) -> list[int]:
    return [i for value, _, i in column if value == label]


def _nobody() -> list[int]:
    return []


def _first(cell: Cell) -> float:
    return cell[0]  # type: ignore[return-value]
