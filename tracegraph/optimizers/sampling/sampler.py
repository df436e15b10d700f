"""What a sampler is: a function from what was observed to a stream of points to try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from tracegraph.optimizers.sampling.space import Point, Space


@dataclass(frozen=True, slots=True)
class Observation:
    """A point and its score; higher is better."""

    point: Point
    score: float


class Sampler(Protocol):
    """Says where in a space to look next."""

    def points(
        self,
        space: Space,
        observed: Sequence[Observation],
        pending: Sequence[Point],
        rng: random.Random,
    ) -> Iterator[Point]:
        """Yield points, the most promising first, until nobody asks for more.

        The caller leaves out those that it cannot use. ``pending`` are points that are being
        tried, or that failed without a score.
        """


def spread(
    space: Space, known: Sequence[Point], rng: random.Random, candidates: int = 24
) -> Iterator[Point]:
    """Yield random points far from those that are known.

    The best of some candidates by the distance to the nearest known point (Mitchell 1991,
    "Spectrally optimal sampling for distribution ray tracing"). A number is as near to its upper
    bound as to its lower one, so that the points do not gather at the bounds.
    """
    kinds = [dimension.categorical for dimension in space.dimensions]
    while True:
        drawn = [space.draw(rng) for _ in range(candidates if known else 1)]
        yield max(drawn, key=lambda p: min((_distance(p, q, kinds) for q in known), default=0.0))


def _distance(one: Point, other: Point, categorical: Sequence[bool]) -> float:
    total = 0.0
    for a, b, apart in zip(one, other, categorical, strict=True):
        if a is None or b is None or apart:
            total += a != b
        else:
            total += min(abs(a - b), 1 - abs(a - b)) ** 2
    return total
