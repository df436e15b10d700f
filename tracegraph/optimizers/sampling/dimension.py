"""One parameter as an axis: values to coordinates between 0 and 1, or to places in a list."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tracegraph.graph.constraints import Choices, Range

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from tracegraph.graph.parameter import ParameterNode

# A number without bounds is searched this far around its first value at least.
_LEAST_SPAN = {"int": 10.0, "float": 1.0}
# An open bound moves outward when the best value is in this part of the span next to it.
_EDGE = 0.1
# What is searched by magnitude from zero on starts at this part of the upper bound.
_SMALLEST = 1e-6


class Dimension(Protocol):
    """An axis of a space."""

    @property
    def name(self) -> str:
        """The name of the parameter."""

    @property
    def size(self) -> int | None:
        """How many values there are; None for a continuum."""

    @property
    def categorical(self) -> bool:
        """Whether coordinates are places in a list, without order; else numbers from 0 to 1."""

    @property
    def even(self) -> bool:
        """Whether the values are evenly spread over the coordinates."""

    def encode(self, value: Any) -> float | None:
        """Return the coordinate of a value; None where it has none."""

    def decode(self, coordinate: float) -> Any:
        """Return the value that is nearest to a coordinate."""

    def at(self, place: int) -> float:
        """Return the coordinate of one of ``size`` values, counted from 0."""

    def draw(self, rng: random.Random) -> float:
        """Return the coordinate of a random value."""


@dataclass(frozen=True, slots=True)
class Options:
    """A few values: without order, or numbers in order, evenly spread."""

    name: str
    values: tuple[Any, ...]
    categorical: bool = True
    even: bool = True

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(self.values)

    def encode(self, value: Any) -> float | None:
        """Return the coordinate of a value; None where it is not one of the options."""
        for place, option in enumerate(self.values):
            if type(option) is type(value) and option == value:
                return self.at(place)
        return None

    def decode(self, coordinate: float) -> Any:
        """Return the value that is nearest to a coordinate."""
        place = coordinate if self.categorical else coordinate * (self.size - 1)
        return self.values[min(max(round(place), 0), self.size - 1)]

    def at(self, place: int) -> float:
        """Return the coordinate of one of ``size`` values, counted from 0."""
        return float(place) if self.categorical else place / max(1, self.size - 1)

    def draw(self, rng: random.Random) -> float:
        """Return the coordinate of a random value."""
        return self.at(rng.randrange(self.size))


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two bounds; ``log`` spreads it by magnitude, ``whole`` rounds it."""

    name: str
    low: float
    high: float
    whole: bool = False
    log: bool = False
    categorical: bool = False

    @property
    def size(self) -> int | None:
        """How many whole numbers there are; None for a continuum."""
        return int(self.high) - int(self.low) + 1 if self.whole or self.low == self.high else None

    @property
    def even(self) -> bool:
        """Whether the values are evenly spread over the coordinates."""
        return not self.log

    def encode(self, value: Any) -> float | None:
        """Return the coordinate of a value; None for what is no finite number."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        if not math.isfinite(value):
            return None
        if self.low == self.high:
            return 0.0
        low, high, at = self._spread(self.low), self._spread(self.high), self._spread(value)
        return min(max((at - low) / (high - low), 0.0), 1.0)

    def decode(self, coordinate: float) -> Any:
        """Return the value at a coordinate, rounded where the number is whole."""
        low, high = self._spread(self.low), self._spread(self.high)
        value = low + coordinate * (high - low)
        if self.log:
            value = math.exp(value) - self._shift
        value = min(max(value, self.low), self.high)
        return round(value) if self.whole else float(value)

    def at(self, place: int) -> float:
        """Return the coordinate of one of ``size`` values, counted from 0."""
        return self.encode(int(self.low) + place) or 0.0

    def draw(self, rng: random.Random) -> float:
        """Return the coordinate of a random value, log-uniform where it is spread by magnitude."""
        if self.size is not None and self.even:
            return self.at(rng.randrange(self.size))
        return self.encode(self.decode(rng.random())) or 0.0

    @property
    def _shift(self) -> float:
        if self.low > 0:
            return 0.0
        smallest = 1.0 if self.whole else (self.high - self.low) * _SMALLEST
        return smallest - self.low

    def _spread(self, value: float) -> float:
        return math.log(max(value, self.low) + self._shift) if self.log else float(value)


def dimension_of(
    parameter: ParameterNode[Any], tried: Sequence[Any], best: Any = None
) -> Dimension | None:
    """Return the axis of a parameter; None for one that is neither number nor choice.

    Args:
        parameter: its kind and constraints count.
        tried: the values that it had, the first one first; they decide how far a number without
            bounds is searched.
        best: the best of them; a bound that was not given moves outward when it is near.
    """
    kind = parameter.kind
    options = next((c.values for c in parameter.constraints if isinstance(c, Choices)), None)
    if kind == "bool":
        return Options(parameter.name, options or (False, True))
    if kind not in ("int", "float", "choice"):
        return None
    if options is not None:
        return _listed(parameter.name, options, ordered=kind != "choice")
    if kind == "choice":
        return None
    ranges = [c for c in parameter.constraints if isinstance(c, Range)]
    lows = [r.low for r in ranges if r.low is not None]
    highs = [r.high for r in ranges if r.high is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    log, whole = any(r.log for r in ranges), kind == "int"
    numbers = [n for n in tried if Number("", 0, 1).encode(n) is not None] or [0]
    if low is None or high is None:
        low, high = _opened(low, high, numbers, best, log, _LEAST_SPAN[kind])
    if whole:
        low, high = math.ceil(low), math.floor(high)
    return Number(parameter.name, low, high, whole, log)


def _listed(name: str, options: tuple[Any, ...], *, ordered: bool) -> Options:
    return Options(name, tuple(sorted(options)) if ordered else options, categorical=not ordered)


def _opened(
    low: float | None,
    high: float | None,
    tried: Sequence[float],
    best: float | None,
    log: bool,
    least: float,
) -> tuple[float, float]:
    """Return the span to search where a bound is missing.

    It starts around the first value, holds all that were tried, and doubles on the side where
    the best one is near the edge: so it follows a slope in a number of steps that is the
    logarithm of the way.
    """
    first = tried[0]
    reach = max(abs(first), least)
    if log and first > 0:
        start, end = first / 10, first * 10
    else:
        start, end = first - reach, first + reach
    start, end = min(start, *tried), max(end, *tried)
    if low is not None:
        start, end = low, max(end, low + reach)
    if high is not None:
        start, end = min(start, high - reach), high
    if best is not None and len(tried) > 1:
        by_magnitude = log and start > 0
        edge = (end / start) ** _EDGE if by_magnitude else (end - start) * _EDGE
        if high is None and (best > end / edge if by_magnitude else best > end - edge):
            end = end * end / start if by_magnitude else end + (end - start)
        elif low is None and (best < start * edge if by_magnitude else best < start + edge):
            start = start * start / end if by_magnitude else start - (end - start)
    return start, end
