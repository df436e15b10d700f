"""Time in a video: every picture carries its own, from the decoder to the prompt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class FrameRef:
    """Which picture of a video this is.

    Attributes:
        pts: its presentation time in the stream's own units; names the picture exactly.
        time_s: the same in seconds from the first picture.
        index: its number in the order of presentation, from 0.
        keyframe: whether it was coded without others.
        trusted: False after damage, until the next keyframe.
    """

    pts: int
    time_s: float
    index: int
    keyframe: bool
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a video in seconds; the start belongs to it, the end does not."""

    start: float
    end: float

    def __contains__(self, time_s: object) -> bool:
        return isinstance(time_s, (int, float)) and self.start <= time_s < self.end

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(0.0, self.end - self.start)

    def overlap(self, other: Span) -> float:
        """Return the seconds that both have."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


def within(time_s: float, spans: Iterable[Span]) -> bool:
    """Whether a time lies in one of the spans."""
    return any(time_s in span for span in spans)


def clock(time_s: float) -> str:
    """Return seconds as people write them: 7.4 is "0:07.4", 3,725 is "1:02:05.0"."""
    tenths = round(time_s * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a file says about itself.

    Attributes:
        path: the file.
        width, height: of the coded pictures.
        duration_s: seconds; what the header declares where there is a header.
        codec: of the pictures.
        rate: mean pictures a second. For people and for servers: times are never made from it.
        time_base: seconds in one unit of pts.
        audio: whether there is a sound track.
    """

    path: str
    width: int
    height: int
    duration_s: float
    codec: str
    rate: float
    time_base: Fraction
    audio: bool
