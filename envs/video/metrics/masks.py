"""J and F of video object segmentation, as DAVIS defines them (Perazzi et al. 2016)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

BOUND = 0.008  # how far boundaries may be apart, as a share of the picture's diagonal


def region(mask: Mask, truth: Mask) -> float:
    """Return J: intersection over union; 1 when both are empty."""
    both = int((mask & truth).sum())
    either = int((mask | truth).sum())
    return both / either if either else 1.0


def boundary(mask: Mask, truth: Mask, bound: float = BOUND) -> float:
    """Return F: the harmonic mean of how much of each boundary is near the other.

    Args:
        mask: what was found.
        truth: of the same shape.
        bound: the distance that counts as near: a share of the diagonal, rounded up to pixels;
            1 or more is a number of pixels.
    """
    import numpy as np

    reach = bound if bound >= 1 else math.ceil(bound * math.hypot(*truth.shape))
    found, true = _outline(mask), _outline(truth)
    count, wanted = int(found.sum()), int(true.sum())
    if not count and not wanted:
        return 1.0
    if not count or not wanted:
        # An empty boundary is all right by itself; there is nothing of the other to find.
        return 0.0
    precision = int(np.sum(found & _grown(true, reach))) / count
    recall = int(np.sum(true & _grown(found, reach))) / wanted
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _outline(mask: Mask) -> Mask:
    """Return the pixels that differ from the one to the right, below, or diagonally below."""
    import numpy as np

    east, south, corner = (np.zeros_like(mask) for _ in range(3))
    east[:, :-1] = mask[:, 1:]
    south[:-1] = mask[1:]
    corner[:-1, :-1] = mask[1:, 1:]
    line = (mask ^ east) | (mask ^ south) | (mask ^ corner)
    line[-1] = mask[-1] ^ east[-1]
    line[:, -1] = mask[:, -1] ^ south[:, -1]
    line[-1, -1] = False
    outline: Mask = line
    return outline


def _grown(mask: Mask, reach: float) -> Mask:
    """Return the pixels at most ``reach`` from the mask: a dilation by a disk."""
    import numpy as np

    size = int(reach)
    grown = np.zeros_like(mask)
    height, width = mask.shape
    padded = np.pad(mask, size)
    for dy in range(-size, size + 1):
        for dx in range(-size, size + 1):
            if dx * dx + dy * dy <= size * size:
                grown |= padded[size + dy : size + dy + height, size + dx : size + dx + width]
    return grown


@dataclass(frozen=True, slots=True)
class MaskScore:
    """J, F and their mean, over the frames of a video."""

    j: float
    f: float

    @property
    def jf(self) -> float:
        """The mean of J and F, by which benchmarks rank."""
        return (self.j + self.f) / 2


def mask_score(masks: Sequence[Mask], truths: Sequence[Mask]) -> MaskScore:
    """Return the means of J and F over frames.

    Raises:
        ValueError: the two have different numbers of frames, or none.
    """
    if len(masks) != len(truths) or not truths:
        raise ValueError(f"{len(masks)} masks for {len(truths)} true ones: give one for each")
    pairs = list(zip(masks, truths, strict=True))
    return MaskScore(
        sum(region(*pair) for pair in pairs) / len(pairs),
        sum(boundary(*pair) for pair in pairs) / len(pairs),
    )
