"""A space of numbers and choices, some of which matter only when others have a certain value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tracegraph.graph.errors import ParameterError
from tracegraph.optimizers.sampling.dimension import dimension_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.optimizers.sampling.dimension import Dimension

# One coordinate for each dimension; None where it does not matter.
Point = tuple[float | None, ...]


class Space:
    """The axes along which to search, those that decide over others first.

    Args:
        dimensions: the axes.
        when: for the name of a parameter, what others must be for it to matter: for the name of
            each, its value or a list of values.
        fixed: the values of parameters that are no axis.

    Raises:
        ParameterError: conditions go in a circle, or can never be met.
    """

    def __init__(
        self,
        dimensions: Sequence[Dimension],
        when: Mapping[str, Mapping[str, Any]] | None = None,
        fixed: Mapping[str, Any] | None = None,
    ) -> None:
        when, fixed = when or {}, fixed or {}
        by_name = {dimension.name: dimension for dimension in dimensions}
        order = _sorted(list(by_name), when)
        self.dimensions: tuple[Dimension, ...] = tuple(by_name[name] for name in order)
        self._never: set[int] = set()
        self._conditions: list[list[tuple[int, frozenset[float]]]] = [[] for _ in order]
        for place, name in enumerate(order):
            for other, wanted in when.get(name, {}).items():
                values = wanted if isinstance(wanted, (list, set, frozenset)) else [wanted]
                if other in by_name:
                    allowed = frozenset(_code(by_name[other], value) for value in values)
                    self._conditions[place].append((order.index(other), allowed))
                elif other not in fixed:
                    raise ParameterError(f"{name} depends on {other}, which is no parameter here")
                elif fixed[other] not in values:
                    self._never.add(place)

    @classmethod
    def of(
        cls,
        parameters: Mapping[str, ParameterNode[Any]],
        moving: Sequence[str],
        values: Mapping[str, Any],
        tried: Sequence[Mapping[str, Any]] = (),
        when: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Space:
        """Return the space of those parameters that are numbers or choices.

        Args:
            parameters: all, by name.
            moving: the names of those that may move.
            values: the best values known.
            tried: the values that were tried, the first ones first.
            when: as for the constructor.
        """
        dimensions = []
        for name in moving:
            best = values.get(name, parameters[name].data)
            before = [each[name] for each in tried if name in each] or [best]
            dimension = dimension_of(parameters[name], [*before, best], best)
            if dimension is not None and dimension.size != 1:
                dimensions.append(dimension)
        return cls(dimensions, when, values)

    @property
    def conditional(self) -> bool:
        """Whether some dimensions matter only sometimes."""
        return any(self._conditions) or bool(self._never)

    @property
    def finite(self) -> bool:
        """Whether there is a last point."""
        return all(dimension.size is not None for dimension in self.dimensions)

    def matters(self, place: int, before: Sequence[float | None]) -> bool:
        """Return whether a dimension matters, given the coordinates of those before it."""
        if place in self._never:
            return False
        return all(before[other] in allowed for other, allowed in self._conditions[place])

    def encode(self, values: Mapping[str, Any]) -> Point | None:
        """Return the point of some values; None where it lies outside."""
        point: list[float | None] = []
        for place, dimension in enumerate(self.dimensions):
            coordinate = None
            if self.matters(place, point):
                coordinate = dimension.encode(values.get(dimension.name))
                if coordinate is None:
                    return None
            point.append(coordinate)
        return tuple(point)

    def decode(self, point: Point) -> dict[str, Any]:
        """Return the values of a point, without those that do not matter."""
        return {
            dimension.name: dimension.decode(coordinate)
            for dimension, coordinate in zip(self.dimensions, point, strict=True)
            if coordinate is not None
        }

    def snapped(self, coordinates: Sequence[float | None]) -> Point:
        """Return the nearest point: whole numbers whole, None where a dimension does not matter.

        A coordinate that is missing where it matters becomes the middle.
        """
        point: list[float | None] = []
        for place, (dimension, at) in enumerate(zip(self.dimensions, coordinates, strict=True)):
            if self.matters(place, point):
                inside = 0.5 if at is None else at
                point.append(dimension.encode(dimension.decode(inside)))
            else:
                point.append(None)
        return tuple(point)

    def draw(self, rng: random.Random) -> Point:
        """Return a random point."""
        point: list[float | None] = []
        for place, dimension in enumerate(self.dimensions):
            point.append(dimension.draw(rng) if self.matters(place, point) else None)
        return tuple(point)

    def every(self, rng: random.Random) -> Iterator[Point]:
        """Yield every point of a finite space once, in a random order."""
        yield from self._every((), rng)

    def _every(self, before: Point, rng: random.Random) -> Iterator[Point]:
        place = len(before)
        if place == len(self.dimensions):
            yield before
            return
        if not self.matters(place, before):
            yield from self._every((*before, None), rng)
            return
        dimension = self.dimensions[place]
        size = dimension.size or 1
        # A walk through the residues in steps of a number without common divisor: an order at
        # random without a list of all.
        start, step = rng.randrange(size), _coprime(size, rng)
        for turn in range(size):
            at = dimension.at((start + turn * step) % size)
            yield from self._every((*before, at), rng)


def _code(dimension: Dimension, value: Any) -> float:
    code = dimension.encode(value)
    if code is None:
        raise ParameterError(f"{dimension.name} can never be {value!r}, on which others depend")
    return code


def _coprime(size: int, rng: random.Random) -> int:
    step = rng.randrange(1, size) if size > 1 else 1
    while math.gcd(step, size) != 1:
        step = step % size + 1
    return step


def _sorted(names: list[str], when: Mapping[str, Mapping[str, Any]]) -> list[str]:
    done: list[str] = []
    waiting = list(names)
    while waiting:
        ready = [n for n in waiting if not any(o in waiting for o in when.get(n, {}))]
        if not ready:
            raise ParameterError(f"the conditions of {', '.join(waiting)} go in a circle")
        done.extend(ready)
        waiting = [n for n in waiting if n not in ready]
    return done
