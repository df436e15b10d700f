"""Boxes: (left, top, right, bottom) in pixels, the right and bottom ends outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

Box = tuple[float, float, float, float]


def box_of(mask: Mask) -> Box | None:
    """Return the smallest box around a mask; None for an empty one."""
    import numpy as np

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def box_iou(one: Box, other: Box) -> float:
    """Return intersection over union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    both = wide * high
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both)


def matched_iou(boxes: Sequence[Box], truths: Sequence[Box]) -> float:
    """Return the mean IoU of true boxes under the best one-to-one matching.

    Exact, by dynamic programming over subsets of the true boxes (16 at most are matched).
    """
    wanted = list(truths)[:16]
    if not wanted:
        return 1.0 if not boxes else 0.0
    best = {0: 0.0}
    for box in boxes:
        overlaps = [box_iou(box, truth) for truth in wanted]
        grown = dict(best)
        for taken, total in best.items():
            for number, overlap in enumerate(overlaps):
                if overlap and not taken >> number & 1:
                    key = taken | 1 << number
                    grown[key] = max(grown.get(key, 0.0), total + overlap)
        best = grown
    return max(best.values()) / len(truths)
