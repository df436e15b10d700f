"""From a video and a question to candidates: decode, encode, remember."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.agents.tspo.selectors.base import Candidates
from tracegraph.envs.video import FeatureCache, Video, content_hash
from tracegraph.envs.video.reader import VERSION

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tracegraph.agents.tspo.encoders.base import Encoder
    from tracegraph.envs.video.frame import RGB

_LONGEST = 336  # pixels: no encoder here looks at more
_BATCH = 32  # decoded pictures in memory


def look_at(
    video: Video,
    question: str,
    encoder: Encoder,
    *,
    step_s: float = 1.0,
    cache: Path | None = None,
) -> Candidates:
    """Return the candidates of a video, one each ``step_s`` seconds.

    Args:
        video: opened.
        question: without options, as TSPO asks.
        encoder: of frames and question.
        step_s: seconds from one candidate to the next.
        cache: a folder for features; None encodes anew.
    """
    arrays = (
        _encode(video, encoder, step_s)
        if cache is None
        else FeatureCache(cache).through(
            [content_hash(video.path), f"reader {VERSION}", encoder.id, f"every {step_s}"],
            lambda: _encode(video, encoder, step_s),
        )
    )
    import numpy as np

    times = tuple(float(time_s) for time_s in arrays["times"])
    return Candidates(times, arrays["frames"].astype(np.float32), encoder.encode_text(question))


def unseen(video: Video, step_s: float) -> Candidates:
    """Return the candidates of a video with their times only."""
    import numpy as np

    nothing = np.zeros((0, 0), np.float32)
    return Candidates(tuple(video.every(step_s)), nothing, nothing.ravel())


def _encode(video: Video, encoder: Encoder, step_s: float) -> dict[str, npt.NDArray[np.generic]]:
    import numpy as np

    times: list[float] = []
    batch: list[RGB] = []
    encoded = []
    for frame in video.frames(video.every(step_s), longest=_LONGEST):
        times.append(frame.ref.time_s)
        batch.append(frame.rgb)
        if len(batch) == _BATCH:
            encoded.append(encoder.encode_frames(batch))
            batch = []
    encoded.append(encoder.encode_frames(batch))
    return {"times": np.array(times), "frames": np.concatenate(encoded)}
