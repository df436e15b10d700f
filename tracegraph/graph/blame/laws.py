"""Laws that the calls of good runs keep, as likely invariants: what a broken call breaks.

A law says what a call should have returned for its arguments. It is learnt from runs with good
scores, and must be kept by most of them; a call that keeps it in the bad runs too is not to blame
for them, whatever came in (Ernst et al. 2001, "Dynamically Discovering Likely Program
Invariants", mines such laws in the same way from what a program computed).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tracegraph.graph.blame.features import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Arguments = dict[str, Any]
    Sample = tuple[Arguments, Any]

UNKNOWN = object()
_KEPT_BY = 0.6  # of the good runs; the rest may be wrongly scored
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class Law:
    """What a call returns as a rule.

    Attributes:
        text: the rule in words.
        kept: the share of the samples that it was learnt from which keep it.
        predict: from the arguments, the value; ``UNKNOWN`` when the rule does not say.
    """

    text: str
    kept: float
    predict: Callable[[Arguments], Any]


def find_law(samples: Sequence[Sample]) -> Law | None:
    """Return the law that most samples keep; None when there is none."""
    if len(samples) < _FEWEST:
        return None
    found: list[Law] = []
    outputs = [value for _, value in samples]
    if all(is_number(value) for value in outputs):
        found.extend(_lines(samples))
    elif all(isinstance(value, str) for value in outputs):
        found.extend(_templates(samples))
    if not all(is_number(value) for value in outputs):
        found.extend(_tables(samples))
    best = max(found, key=lambda law: law.kept, default=None)
    return best if best is not None and best.kept >= _KEPT_BY else None


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal, numbers up to rounding errors."""
    if is_number(a) and is_number(b):
        return bool(abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b)))
    return type(a) is type(b) and repr(a) == repr(b)


# Numbers: y = slope * x + offset, with x a number among, or made from, the arguments


def numbers_in(arguments: Arguments) -> dict[str, float]:
    """Return the numbers in arguments, and sums, differences and the like of two of them."""
    found: dict[str, float] = {}
    for name, value in arguments.items():
        if is_number(value):
            found[name] = value
        elif isinstance(value, (str, list, tuple, dict)):
            found[f"len({name})"] = len(value)
            if isinstance(value, (list, tuple)) and value and all(map(is_number, value)):
                found |= {f"sum({name})": sum(value), f"min({name})": min(value),
                          f"max({name})": max(value)}  # fmt: skip
    plain = [(k, v) for k, v in found.items() if k in arguments][:3]
    for i, (a, x) in enumerate(plain):
        for b, y in plain[i + 1 :]:
            found |= {f"{a} + {b}": x + y, f"{a} - {b}": x - y, f"abs({a} - {b})": abs(x - y),
                      f"{a} * {b}": x * y, f"max({a}, {b})": max(x, y),
                      f"min({a}, {b})": min(x, y)}  # fmt: skip
    return found


def _lines(samples: Sequence[Sample]) -> Iterator[Law]:
    columns: dict[str, list[tuple[float, float]]] = {}
    for arguments, y in samples:
        for name, x in numbers_in(arguments).items():
            columns.setdefault(name, []).append((x, y))
    whole = all(type(value) is int for _, value in samples)
    for name, points in columns.items():
        line = _line(points)
        if line is None:
            continue
        slope, offset = line
        kept = sum(same(slope * x + offset, y) for x, y in points) / len(samples)

        def predict(
            arguments: Arguments, name: str = name, slope: float = slope, offset: float = offset
        ) -> Any:
            x = numbers_in(arguments).get(name)
            if x is None:
                return UNKNOWN
            y = slope * x + offset
            return round(y) if whole else y

        yield Law(f"{slope:g} * {name} {'-' if offset < 0 else '+'} {abs(offset):g}", kept, predict)


def _line(points: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the slope and offset that most points share."""
    ordered = sorted(set(points))
    slopes: Counter[float] = Counter()
    for step in (1, 2):
        for (x, y), (x2, y2) in zip(ordered, ordered[step:], strict=False):
            if x2 > x:
                slopes[round((y2 - y) / (x2 - x), 9)] += 1
    if not slopes:
        return None
    slope = slopes.most_common(1)[0][0]
    offset = Counter(round(y - slope * x, 6) for x, y in points).most_common(1)[0][0]
    return slope, offset


# Texts: a template with an argument in it


def _templates(samples: Sequence[Sample]) -> Iterator[Law]:
    names = dict.fromkeys(name for arguments, _ in samples for name in arguments)
    votes = Counter(_template(arguments, value, list(names)) for arguments, value in samples)
    template, count = votes.most_common(1)[0]
    if "\0" not in template:
        return

    def predict(arguments: Arguments) -> Any:
        made = template
        for i, name in enumerate(names):
            made = made.replace(f"\0{i}\0", str(arguments.get(name)))
        return made

    shown = template
    for i, name in enumerate(names):
        shown = shown.replace(f"\0{i}\0", f"{{{name}}}")
    yield Law(repr(shown), count / len(samples), predict)


def _template(arguments: Arguments, value: str, names: list[str]) -> str:
    # The longest first, so that "12" is not taken for "1" and a digit.
    given = [(str(arguments.get(name)), i) for i, name in enumerate(names)
             if type(arguments.get(name)) in (str, int, float)]  # fmt: skip
    for text, i in sorted(given, key=lambda pair: -len(pair[0])):
        if text:
            value = value.replace(text, f"\0{i}\0", 1)
    return value


# Everything else: what it was for the same, or the nearest, argument


def _tables(samples: Sequence[Sample]) -> Iterator[Law]:
    names = list(dict.fromkeys(name for arguments, _ in samples for name in arguments))
    for name in names:
        rows = [(a[name], value) for a, value in samples if name in a]
        if rows and all(is_number(x) for x, _ in rows):
            yield _nearest(name, partial(_argument, name), rows, len(samples))
        else:
            yield _table(name, partial(_argument, name), samples)
    if len(names) > 1:
        yield _table("all arguments", _all_arguments, samples)
    pairs = dict.fromkeys(key for a, _ in samples for key in numbers_in(a) if " - " in key)
    for key in [k for k in pairs if not k.startswith("abs")]:
        points = [(x, v) for a, v in samples if (x := numbers_in(a).get(key)) is not None]
        yield _nearest(key, partial(_number, key), points, len(samples))


def _argument(name: str, arguments: Arguments) -> Any:
    return arguments.get(name)


def _all_arguments(arguments: Arguments) -> Any:
    return arguments


def _number(name: str, arguments: Arguments) -> Any:
    return numbers_in(arguments).get(name)


def _table(name: str, pick: Callable[[Arguments], Any], samples: Sequence[Sample]) -> Law:
    votes: dict[str, Counter[str]] = {}
    values: dict[str, Any] = {}
    for arguments, value in samples:
        values[repr(value)] = value
        votes.setdefault(repr(pick(arguments)), Counter())[repr(value)] += 1
    # Each sample is predicted by the others with the same argument.
    kept = sum(
        count - 1 if count > 1 else 0
        for counter in votes.values()
        for _, count in counter.most_common(1)
    )

    def predict(arguments: Arguments) -> Any:
        counter = votes.get(repr(pick(arguments)))
        return UNKNOWN if counter is None else values[counter.most_common(1)[0][0]]

    return Law(f"what it is as a rule for {name}", kept / len(samples), predict)


def _nearest(
    name: str, pick: Callable[[Arguments], Any], rows: list[tuple[float, Any]], n: int
) -> Law:
    ordered = sorted(rows, key=lambda row: row[0])
    places = [x for x, _ in ordered]
    around = zip(ordered, ordered[1:], ordered[2:], strict=False)
    kept = sum(same(a, b) and same(b, c) for (_, a), (_, b), (_, c) in around)

    def predict(arguments: Arguments) -> Any:
        x = pick(arguments)
        if not is_number(x):
            return UNKNOWN
        at = bisect_left(places, x)
        below, above = ordered[max(0, at - 1)][1], ordered[min(at, len(ordered) - 1)][1]
        return above if same(below, above) else UNKNOWN

    return Law(f"what it is as a rule near this {name}", kept / n, predict)
