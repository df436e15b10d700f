"""Write pictures and sound as a video file."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.envs.video.audio import Audio
from tracegraph.envs.video.frame import load_av

if TYPE_CHECKING:
    from tracegraph.envs.video.frame import RGB

__all__ = ["write_video"]

_TICKS = 12_800  # units a second: divides by 8, 10, 16, 20, 25 and more


def write_video(
    path: str | Path,
    pictures: Iterable[tuple[float, RGB]],
    *,
    rate: int = 10,
    gop: int = 50,
    audio: Audio | None = None,
) -> int:
    """Write H.264 in MP4 and return the number of pictures.

    Args:
        path: the file to write.
        pictures: (seconds, pixels), times ascending, at any distances; sides are even numbers.
        rate: told to players as the usual rate; the times stay as given.
        gop: the most pictures from one keyframe to the next.
        audio: a sound track.
    """
    av = load_av()
    count = 0
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "20", "g": str(gop), "threads": "1"}
        stream.codec_context.time_base = Fraction(1, _TICKS)
        sound = container.add_stream("aac", rate=audio.rate, layout="mono") if audio else None
        for time_s, rgb in pictures:
            if not count:
                stream.height, stream.width = rgb.shape[:2]
            picture = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            picture.pts = round(time_s * _TICKS)
            picture.time_base = Fraction(1, _TICKS)
            container.mux(stream.encode(picture))
            count += 1
        container.mux(stream.encode(None))
        if audio is not None and sound is not None:
            piece = av.AudioFrame.from_ndarray(audio.samples[None, :], format="s16", layout="mono")
            piece.rate = audio.rate
            piece.pts = 0
            container.mux(sound.encode(piece))
            container.mux(sound.encode(None))
    return count
