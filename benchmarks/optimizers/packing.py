"""Online bin packing: items come one by one, a function says which bin is best for each.

Instances as in Romera-Paredes et al. 2023, "Mathematical discoveries from program search with
large language models" (FunSearch): 5,000 items of Weibull(shape 3, scale 45), cut at 100, rounded;
bins hold 100. The number of bins is compared with the L1 lower bound, the sum of the items over
the capacity. There, best fit exceeds it by 3.98 % and the best program found by 0.68 %; its
programs see all bins at once, ours sees one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import tracegraph as tg

CAPACITY = 100
ITEMS = 5000
INSTANCES = 5


def instances(seed: int, count: int = INSTANCES, items: int = ITEMS) -> list[list[int]]:
    """Return lists of item sizes."""
    rng = random.Random(f"packing {seed}")
    return [
        [max(1, min(CAPACITY, round(rng.weibullvariate(45, 3)))) for _ in range(items)]
        for _ in range(count)
    ]


@tg.bundle(trainable=True)
def priority(item: int, room: int) -> float:
    """Return how good it is to put an item into a bin that has so much room: the highest wins.

    A new bin, with room for 100, can always be taken.
    """
    left = room - item
    return -left


def packed(
    priority: Callable[[int, int], float], sizes: list[int], capacity: int
) -> dict[int, int]:
    """Return how many bins end with how much room; of equally good bins, the fullest is taken."""
    bins = [0] * (capacity + 1)
    known: dict[tuple[int, int], float] = {}
    for item in sizes:
        best, best_room = -float("inf"), capacity
        for room in range(item, capacity + 1):
            if room < capacity and not bins[room]:
                continue
            pair = (item, room)
            if pair not in known:
                known[pair] = float(priority(item, room))
            if known[pair] > best:
                best, best_room = known[pair], room
        if best_room < capacity:
            bins[best_room] -= 1
        bins[best_room - item] += 1
    return {room: count for room, count in enumerate(bins) if count}


def all_packed(lists: list[list[int]], capacity: int) -> list[dict[int, int]]:
    """Do it for several instances: the one function that is called in the sandbox."""
    return [packed(priority, sizes, capacity) for sizes in lists]


def excess(lists: list[list[int]], results: list[dict[int, int]]) -> float:
    """Return by how much the bins exceed the lower bounds, as a share."""
    bins = sum(sum(result.values()) for result in results)
    bounds = sum(math.ceil(sum(sizes) / CAPACITY) for sizes in lists)
    return bins / bounds - 1


def feedback(share: float, results: list[dict[int, int]]) -> str:
    """Return what a person would say about the result."""
    bins: dict[str, int] = {"0": 0, "1 to 3": 0, "4 to 10": 0, "11 to 20": 0, "over 20": 0}
    for result in results:
        for room, count in result.items():
            place = sum(room > bound for bound in (0, 3, 10, 20))
            bins[list(bins)[place]] += count
    wasted = ", ".join(f"{name}: {count}" for name, count in bins.items())
    return (
        f"{100 * share:.2f} % more bins than the lower bound; lower is better. Bins by the room"
        f" that is left in the end: {wasted}. Small gaps are never filled again."
    )


def shape(v: dict[str, Any]) -> str:
    """Return the code of a priority that depends on the gap only, drawn through some points."""
    points = [(gap, round(v[f"gap {gap}"], 4)) for gap in GAPS]
    return f"""def priority(item: int, room: int) -> float:
    points = {points}
    left = room - item
    for (a, low), (b, high) in zip(points, points[1:]):
        if left <= b:
            return low + (high - low) * (left - a) / (b - a)
    return points[-1][1]
"""


GAPS = (0, 1, 3, 6, 10, 15, 22, 30, 45, 70, 100)


def shape_parameters(rng: random.Random) -> list[Any]:
    """Return the heights of the points; best fit to begin with."""
    return [tg.Parameter(1 - gap / 100, name=f"gap {gap}", low=0.0, high=1.0) for gap in GAPS]
