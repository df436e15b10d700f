"""Random search: the baseline for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from tracegraph.optimizers.sampling.sampler import Observation
    from tracegraph.optimizers.sampling.space import Point, Space


class UniformSampler:
    """Draws every value with the same chance, numbers by magnitude where they are spread so."""

    def points(
        self,
        space: Space,
        observed: Sequence[Observation],
        pending: Sequence[Point],
        rng: random.Random,
    ) -> Iterator[Point]:
        """Yield random points."""
        while True:
            yield space.draw(rng)
