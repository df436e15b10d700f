"""Frames of a video as small pictures in the run store, so that people see what an agent saw."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracegraph import runs

if TYPE_CHECKING:
    from tracegraph.envs.video.frame import Frame

_LONGEST = 320  # pixels


async def keep_frames(frames: Sequence[Frame]) -> list[dict[str, Any]]:
    """Keep small JPEGs of frames; return their times and hashes, nothing without a run."""
    scope = runs.current()
    if scope is None:
        return []
    kept = []
    for frame in frames:
        data = await asyncio.to_thread(_small, frame)
        await runs.add_blob(scope.store, data, "image/jpeg")
        kept.append({"time_s": frame.ref.time_s, "blob": runs.blob_hash(data)})
    return kept


def _small(frame: Frame) -> bytes:
    import numpy as np

    from tracegraph.envs.video.frame import encode_jpeg, load_pillow

    picture = load_pillow().fromarray(frame.rgb)
    picture.thumbnail((_LONGEST, _LONGEST))
    return encode_jpeg(np.asarray(picture), 80)
