"""Tasks of finding something in a video by words: its masks, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from tracegraph.envs.video.clock import FrameRef
from tracegraph.envs.video.errors import VideoDataError
from tracegraph.envs.video.frame import Frame, decode_picture, load_pillow
from tracegraph.envs.video.reader import Video

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

__all__ = ["SegmentTask", "FrameSource", "FileSource", "FolderSource", "union"]


T = TypeVar("T")

# vos: words about what is seen. avs: words about what is heard as well.
TaskKind = Literal["vos", "avs"]


class FrameSource(Protocol):
    """Where the frames of a task come from."""

    def frames(self, longest: int | None = None) -> list[Frame]:
        """Return the frames, in the order of time."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """Frames of a video file.

    Attributes:
        path: the file.
        step_s: seconds from one to the next.
        most: the most frames; longer videos are sampled more coarsely.
    """

    path: str
    step_s: float = 0.5
    most: int = 24

    def frames(self, longest: int | None = None) -> list[Frame]:
        """Return the frames at equal distances."""
        video = Video(self.path)
        return list(video.frames(_thinned(video.every(self.step_s), self.most), longest=longest))


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Frames that a data set gives as pictures.

    Attributes:
        paths: in the order of time.
        rate: pictures a second.
        most: the most frames; see ``places``.
    """

    paths: tuple[Path, ...]
    rate: float
    most: int = 24

    @property
    def places(self) -> list[int]:
        """Which of the pictures are used: at equal distances, if there are more than ``most``."""
        return _thinned(list(range(len(self.paths))), self.most)

    def frames(self, longest: int | None = None) -> list[Frame]:
        """Return the frames."""
        return [self._frame(place, longest) for place in self.places]

    def _frame(self, place: int, longest: int | None) -> Frame:
        import numpy as np

        try:
            rgb = decode_picture(self.paths[place].read_bytes())
        except OSError as error:
            raise VideoDataError(f"{self.paths[place]} cannot be read: {error}") from error
        height, width = rgb.shape[:2]
        if longest is not None and max(height, width) > longest:
            scale = longest / max(height, width)
            size = (round(width * scale), round(height * scale))
            rgb = np.asarray(load_pillow().fromarray(rgb).resize(size))
        time_s = place / self.rate
        return Frame(FrameRef(place, time_s, place, True), rgb, time_s)


@dataclass(frozen=True, slots=True)
class SegmentTask:
    """Find what words are about.

    Attributes:
        id: names it in records.
        source: of the frames.
        query: the words.
        truth: gives the true masks, one list of frames an object; None when they are not known.
        kind: see `TaskKind`.
        audio: a sound file, or the video; empty without sound.
        info: what a benchmark says besides, such as the kind of question.
    """

    id: str
    source: FrameSource
    query: str
    truth: Callable[[], list[list[Mask]]] | None = None
    kind: TaskKind = "vos"
    audio: str = ""
    info: dict[str, str] = field(default_factory=dict)


def union(objects: Sequence[Sequence[Mask]]) -> list[Mask]:
    """Return what any of the objects covers, frame by frame."""
    import numpy as np

    return [np.logical_or.reduce(masks) for masks in zip(*objects, strict=True)]


def _thinned(items: Sequence[T], most: int) -> list[T]:
    if len(items) <= most:
        return list(items)
    return [items[int((number + 0.5) * len(items) / most)] for number in range(most)]
