"""What was decoded and encoded before, under the name of the file's content."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.envs.video.clock import FrameRef
from tracegraph.envs.video.frame import Frame, decode_picture
from tracegraph.envs.video.reader import VERSION, Video

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_QUALITY = 90


def content_hash(path: str | Path) -> str:
    """Return the hash of a file's bytes, in 32 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that readers see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(name, path)


class FrameCache:
    """Decoded pictures as JPEG files: ``folder/CONTENT/vVERSION-DECODER-LONGEST/PTS.jpg``.

    A file that changes has another name, so nothing here is ever out of date. What is known
    of each picture, and whether it may be believed, is beside it as JSON.

    Args:
        folder: where; it may be deleted at any time.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def frames(
        self, video: Video, times: Sequence[float], *, longest: int | None = None
    ) -> Iterator[Frame]:
        """Give the pictures at these times as `Video.frames` does, decoding only what is new."""
        kind = f"v{VERSION}-{video.decoder}-{longest or 'full'}"
        home = self.folder / content_hash(video.path) / kind
        asked: dict[int, float] = {}
        for time_s in sorted(times):
            if video.index.truncated and time_s >= video.index.end_s:
                video.report.left_out.append(time_s)
                continue
            asked.setdefault(video.index.shown_at(time_s), time_s)
        missing = [time_s for pts, time_s in asked.items() if not (home / f"{pts}.json").exists()]
        fresh = video.frames(missing, longest=longest)
        waiting = next(fresh, None)
        for pts, time_s in asked.items():
            while waiting is not None and waiting.wanted_s <= time_s:
                yield _keep(home, waiting)
                waiting = next(fresh, None)
            if time_s not in missing:
                ref = FrameRef(**json.loads((home / f"{pts}.json").read_text()))
                rgb = decode_picture((home / f"{pts}.jpg").read_bytes())
                yield Frame(ref, rgb, time_s)


def _keep(home: Path, frame: Frame) -> Frame:
    data = frame.jpeg(_QUALITY)
    # The picture first: a known picture always has its pixels.
    write_whole(home / f"{frame.ref.pts}.jpg", data)
    write_whole(home / f"{frame.ref.pts}.json", json.dumps(asdict(frame.ref)).encode())
    # Pixels as the next reader gets them, so that a warm cache changes no result.
    return Frame(frame.ref, decode_picture(data), frame.wanted_s)


class FeatureCache:
    """Arrays by what they were made of: the content of a file, an encoder, the sampling.

    Args:
        folder: where; it may be deleted at any time.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def through(
        self, key: Sequence[str], make: Callable[[], dict[str, npt.NDArray[np.generic]]]
    ) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays of a key, made when they are not there."""
        import io

        import numpy as np

        name = hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
        path = self.folder / name[:2] / f"{name}.npz"
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                return {array: stored[array] for array in stored.files}
        made = make()
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **made)
        write_whole(path, buffer.getvalue())
        return made
