"""The Gaussian-process sampler: the points of greatest expected improvement.

Source: Jones et al. 1998, "Efficient Global Optimization"; improvement in logarithms as in Ament
et al. 2023, "Unexpected Improvements to Expected Improvement"; points without a score yet are
believed to be as predicted (Ginsbourger et al. 2010, "Kriging is well-suited to parallelize").
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tracegraph.errors import MissingExtraError
from tracegraph.optimizers.sampling.sampler import spread

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from tracegraph.optimizers.sampling.process import Process
    from tracegraph.optimizers.sampling.sampler import Observation
    from tracegraph.optimizers.sampling.space import Point, Space

_DRAWN = 400  # candidates from the whole space
_NEAR = 5  # the best points known, around which more candidates are drawn
_AROUND = 60  # candidates around each of them
_CLIMBS = 6  # rounds of drawing around the best candidates, each time closer
_WIDTHS = (0.2, 0.05, 0.01, 0.002)
_MOST = 200  # points that the process is fitted to: a fit takes the cube of their number


class GaussianSampler:
    """Fits a Gaussian process to the scores and looks where the improvement may be greatest.

    Args:
        startup: how many points are spread evenly before; by default two more than dimensions,
            at most 10.
    """

    def __init__(self, startup: int | None = None) -> None:
        self.startup = startup

    def points(
        self,
        space: Space,
        observed: Sequence[Observation],
        pending: Sequence[Point],
        rng: random.Random,
    ) -> Iterator[Point]:
        """Yield the candidates by expected improvement.

        Raises:
            MissingExtraError: numpy is not installed.
        """
        try:
            import numpy as np

            from tracegraph.optimizers.sampling.process import Process
            from tracegraph.optimizers.sampling.warping import fitted
        except ImportError as error:
            raise MissingExtraError("numeric", "numpy") from error
        startup = self.startup or min(len(space.dimensions) + 2, 10)
        if len(observed) + len(pending) < startup or not observed:
            yield from spread(space, [*(o.point for o in observed), *pending], rng)
        known = sorted(observed, key=lambda o: -o.score)[:_MOST]
        kinds = [dimension.categorical for dimension in space.dimensions]
        points = np.array([_row(each.point) for each in known])
        process, scores = fitted(points, np.array([each.score for each in known]), kinds)
        if pending:
            believed = np.array([_row(point) for point in pending])
            points = np.vstack([points, believed])
            scores = np.concatenate([scores, process.predict(believed)[0]])
            process = Process(points, scores, kinds, start=process.theta, steps=1)
        # By the predicted score: the best seen may have been lucky.
        incumbent = float(process.predict(points)[0].max())
        around = [each.point for each in known[:_NEAR]]
        found = {point: 0.0 for point in (space.draw(rng) for _ in range(_DRAWN))}
        _add_around(found, space, around, rng, _AROUND, _WIDTHS)
        _value(found, process, incumbent)
        for climb in range(_CLIMBS):
            best = sorted(found, key=lambda p: -found[p])[:_NEAR]
            fresh: dict[Point, float] = {}
            _add_around(fresh, space, best, rng, _AROUND // 3, (0.1 * 0.4**climb,))
            _value(fresh, process, incumbent)
            found |= fresh
        yield from sorted(found, key=lambda p: -found[p])


def _row(point: Point) -> list[float]:
    # Where a dimension does not matter all points are alike; the one that decides tells them
    # apart.
    return [0.5 if at is None else at for at in point]


def _add_around(
    found: dict[Point, float],
    space: Space,
    centres: Sequence[Point],
    rng: random.Random,
    count: int,
    widths: Sequence[float],
) -> None:
    for centre in centres:
        for _ in range(count):
            found.setdefault(neighbour(space, centre, rng, rng.choice(widths)), 0.0)


def neighbour(space: Space, point: Point, rng: random.Random, width: float) -> Point:
    """Return a point near another one: some coordinates moved, at least one.

    Numbers move by a normal step of ``width``, whole ones by one at least; categories change.
    """
    chance = max(0.4, 1 / len(space.dimensions))
    always = rng.randrange(len(space.dimensions))
    moved: list[float | None] = []
    for place, dimension in enumerate(space.dimensions):
        at = point[place]
        if place != always and rng.random() > chance:
            moved.append(at)
        elif at is None or dimension.categorical:
            moved.append(dimension.draw(rng))
        else:
            step = rng.gauss(0, width)
            if dimension.size is not None and dimension.even:
                least = 1.0 / max(1, dimension.size - 1)
                step = math.copysign(max(abs(step), least), step)
            moved.append(min(max(at + step, 0.0), 1.0))
    return space.snapped(moved)


def _value(found: dict[Point, float], process: Process, incumbent: float) -> None:
    """Give each candidate the logarithm of its expected improvement."""
    import numpy as np

    candidates = list(found)
    mean, deviation = process.predict(np.array([_row(point) for point in candidates]))
    for point, z, width in zip(candidates, (mean - incumbent) / deviation, deviation, strict=True):
        found[point] = _log_improvement(float(z)) + math.log(width)


def _log_improvement(z: float) -> float:
    """Return log(φ(z) + z Φ(z)), also far below zero, where the sum would be rounded off."""
    density = -0.5 * z * z - 0.5 * math.log(2 * math.pi)
    if z > -5:
        return math.log(math.exp(density) + z * 0.5 * math.erfc(-z / math.sqrt(2)))
    return density - 2 * math.log(-z)
