"""Seek or go on decoding: which is cheaper for each wanted picture."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from tracegraph.envs.video.packets import PacketIndex

# A seek empties the decoder's pipeline: about this many pictures' worth of decoding.
_SEEK_COST = 8


@dataclass(frozen=True, slots=True)
class Leg:
    """Decode from a keyframe up to the last of some pictures.

    Attributes:
        start: pts of the keyframe to seek to; None starts where the file starts.
        targets: pts of the wanted pictures, ascending.
        cost: pictures to decode, seeks counted as some.
    """

    start: int | None
    targets: tuple[int, ...]
    cost: int


def make_plan(index: PacketIndex, wanted: Iterable[int]) -> list[Leg]:
    """Return the legs that reach all wanted pictures with the least decoding.

    After a picture has been decoded the decoder is at the same place however it got there, so
    the cheaper way to each next picture is the cheapest way to all.
    """
    legs: list[Leg] = []
    start: int | None = None
    targets: list[int] = []
    cost = position = 0  # position: the number of the next picture in the decoder
    for pts in sorted(set(wanted)):
        number = index.number(pts)
        key = index.keyframe_before(pts)
        forward = number - position + 1
        jump = number - bisect_left(index.pts, key) + 1 + _SEEK_COST
        if jump < forward:
            if targets:
                legs.append(Leg(start, tuple(targets), cost))
            start, targets, cost = key, [], 0
            forward = jump
        targets.append(pts)
        cost += forward
        position = number + 1
    if targets:
        legs.append(Leg(start, tuple(targets), cost))
    return legs
