"""Chance that depends on ids and a seed only: order in a file changes nothing."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence

from tracegraph.training.data.errors import DataError
from tracegraph.training.data.example import Example


def chance(seed: int, name: str) -> float:
    """Return a number in (0, 1) that is a name's own under a seed."""
    key = f"{seed}\0{name}".encode("utf-8", "surrogatepass")
    drawn = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")
    return (drawn + 0.5) / 2**64


def shuffled(examples: Iterable[Example], seed: int) -> list[Example]:
    """Return the examples in the order that the seed gives them."""
    return sorted(examples, key=lambda example: (chance(seed, example.id), example.id))


def draw(
    examples: Sequence[Example],
    n: int,
    *,
    seed: int,
    weights: Mapping[str, float] | None = None,
) -> list[Example]:
    """Return up to n different examples by lot.

    Args:
        examples: what to draw from.
        n: how many; all of them if there are fewer.
        seed: another one gives another lot.
        weights: by id, 1 for ids that are not named: at every draw, the chance of an example is
            its share of the weights that are left. Those of weight 0 come when nothing else is.

    Raises:
        DataError: a weight is negative or no number.

    Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006.
    """
    if weights is None:
        return shuffled(examples, seed)[: max(n, 0)]
    for name, weight in weights.items():
        if not 0 <= weight < math.inf:
            raise DataError(f"the weight of example {name!r} is {weight}; it must be 0 or more")

    def wait(example: Example) -> tuple[float, float, str]:
        # An exponential time at the rate of the weight; the earliest n are drawn.
        lot = chance(seed, example.id)
        weight = weights.get(example.id, 1.0)
        return (-math.log1p(-lot) / weight if weight else math.inf), lot, example.id

    return sorted(examples, key=wait)[: max(n, 0)]
