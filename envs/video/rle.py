"""Masks as run lengths, in COCO's compressed text: what data sets store, and safe to read."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracegraph.envs.video.errors import VideoDataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]


def decode_rle(rle: Mapping[str, Any]) -> Mask:
    """Return the mask of ``{"size": [height, width], "counts": text or numbers}``.

    Runs alternate between outside and inside, down the columns.

    Raises:
        VideoDataError: the runs do not fill the picture.
    """
    import numpy as np

    height, width = (int(side) for side in rle["size"])
    counts = rle["counts"]
    runs = _numbers(counts) if isinstance(counts, (str, bytes)) else [int(run) for run in counts]
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise VideoDataError(f"a mask of {height} x {width} has runs of {sum(runs)} pixels")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    mask: Mask = flat.reshape(width, height).T
    return mask


def encode_rle(mask: Mask) -> dict[str, Any]:
    """Return a mask as ``{"size": …, "counts": text}``."""
    import numpy as np

    flat = np.concatenate([[False], mask.T.ravel()])
    edges = np.flatnonzero(np.diff(flat.astype(np.int8)))
    ends = [0, *(int(edge) for edge in edges), mask.size]
    runs = [after - before for before, after in itertools.pairwise(ends)]
    return {"size": list(mask.shape), "counts": _text(runs)}


def _numbers(text: str | bytes) -> list[int]:
    """Return the runs: six bits a sign, five of them value, from the third on as differences."""
    data = text.encode() if isinstance(text, str) else text
    runs: list[int] = []
    value = shift = 0
    for sign in data:
        bits = sign - 48
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return runs


def _text(runs: list[int]) -> str:
    signs: list[str] = []
    for number, run in enumerate(runs):
        value = run - runs[number - 2] if number > 2 else run
        while True:
            bits, value = value & 31, value >> 5
            done = value == -1 if bits & 16 else value == 0
            signs.append(chr((bits if done else bits | 32) + 48))
            if done:
                break
    return "".join(signs)
