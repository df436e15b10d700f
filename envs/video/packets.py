"""The index of a video: the time of every picture, read without decoding any."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tracegraph.envs.video.clock import VideoInfo
from tracegraph.envs.video.errors import VideoError
from tracegraph.envs.video.frame import load_av

# A file whose pictures end this long before its declared end was cut off.
_TAIL_S = 1.0


@dataclass(frozen=True, slots=True)
class PacketIndex:
    """When each picture is shown.

    Attributes:
        pts: of all pictures, in the order of presentation.
        keyframes: those of them that a decoder can start at.
        time_base: seconds in one unit.
        end_s: where the last picture that is there ends, in seconds from the first.
        truncated: whether the file ends before its header says.
        error: what stopped the reading, or empty.
    """

    pts: tuple[int, ...]
    keyframes: tuple[int, ...]
    time_base: Fraction
    end_s: float
    truncated: bool
    error: str = ""

    def time_of(self, pts: int) -> float:
        """Return seconds from the first picture."""
        return float((pts - self.pts[0]) * self.time_base)

    def shown_at(self, time_s: float) -> int:
        """Return the pts of the picture on screen at a time; the ends hold beyond them."""
        unit = float(self.time_base)
        # Half a unit forgives what floats lose on the way from a pts to seconds and back.
        wanted = self.pts[0] + (time_s + unit / 2) / unit
        return self.pts[max(0, bisect_right(self.pts, wanted) - 1)]

    def number(self, pts: int) -> int:
        """Return the place of a picture in the order of presentation."""
        return bisect_left(self.pts, pts)

    def keyframe_before(self, pts: int) -> int:
        """Return the last keyframe at or before a picture."""
        return self.keyframes[max(0, bisect_right(self.keyframes, pts) - 1)]


def read_index(path: str) -> tuple[VideoInfo, PacketIndex]:
    """Return what a file says and when each picture is shown.

    Raises:
        VideoError: it is no video, or has no picture.
    """
    av = load_av()
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise VideoError(f"{path} has no pictures: give a video file")
            stream = container.streams.video[0]
            info = _info(path, container, stream)
            pts, keyframes, end, stopped = _packets(av, container, stream)
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(f"{path} cannot be read as a video: {error}") from error
    if not pts:
        raise VideoError(f"{path} holds no picture that can be read{stopped and f' ({stopped})'}")
    pts.sort()
    keyframes.sort()
    end_s = float((end - pts[0]) * info.time_base)
    truncated = bool(stopped) or end_s < info.duration_s - _TAIL_S
    keys = tuple(keyframes) or (pts[0],)
    return info, PacketIndex(tuple(pts), keys, info.time_base, end_s, truncated, stopped)


def _packets(av: Any, container: Any, stream: Any) -> tuple[list[int], list[int], int, str]:
    pts: list[int] = []
    keyframes: list[int] = []
    end = 0
    try:
        for packet in container.demux(stream):
            when = packet.pts if packet.pts is not None else packet.dts
            # Packets marked for discarding are decoded and never shown: edit lists make them.
            if when is None or packet.size == 0 or packet.is_discard:
                continue
            pts.append(when)
            end = max(end, when + (packet.duration or 0))
            if packet.is_keyframe:
                keyframes.append(when)
    except av.error.FFmpegError as error:
        return pts, keyframes, end, str(error)
    return pts, keyframes, end, ""


def _info(path: str, container: Any, stream: Any) -> VideoInfo:
    duration = 0.0
    if stream.duration is not None:
        duration = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration = container.duration / 1e6
    context = stream.codec_context
    return VideoInfo(
        path,
        context.width,
        context.height,
        duration,
        context.name,
        float(stream.average_rate or 0),
        Fraction(stream.time_base),
        bool(container.streams.audio),
    )
