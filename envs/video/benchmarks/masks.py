"""RefAVS, ReVOS and MeViS: words and masks, from the folders that their publishers give."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph.envs.video.errors import VideoDataError
from tracegraph.envs.video.frame import decode_picture
from tracegraph.envs.video.rle import decode_rle
from tracegraph.envs.video.segments import FolderSource, SegmentTask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

_RATE = 6.0  # of the pictures of ReVOS and MeViS, where the files do not say


def load_mevis(folder: str | Path, *, most: int = 24) -> list[SegmentTask]:
    """Return the tasks of a split of MeViS.

    Layout: ``meta_expressions.json``, ``mask_dict.json`` (absent in test splits) and
    ``JPEGImages/VIDEO/FRAME.jpg``.

    Args:
        folder: of the split, such as ``mevis/valid_u``.
        most: frames of a video at most.
    """
    return list(_expressions(Path(folder), "meta_expressions.json", most))


def load_revos(
    folder: str | Path, *, meta: str = "meta_expressions_valid_.json", most: int = 24
) -> list[SegmentTask]:
    """Return the tasks of ReVOS: the layout of MeViS, with ``type_id`` (0 refers, 1 reasons).

    Args:
        folder: holds the file of expressions, ``mask_dict.json`` and ``JPEGImages``.
        meta: the file of expressions.
        most: frames of a video at most.
    """
    return list(_expressions(Path(folder), meta, most))


def load_refavs(folder: str | Path, *, split: str = "test_s", most: int = 24) -> list[SegmentTask]:
    """Return the tasks of a split of RefAVS.

    Layout: ``metadata.csv`` (vid, uid, split, fid, exp), ``media/VID/frames/N.jpg`` and
    ``audio.wav``, ``gt_mask/VID/fid_FID/NNNNN.png``; one picture a second.

    Args:
        folder: of the data set.
        split: train, val, test_s (seen), test_u (unseen) or test_n (nothing there).
        most: frames of a video at most.
    """
    home = Path(folder)
    tasks = []
    with _opened(home / "metadata.csv") as file:
        for row in csv.DictReader(file):
            if row.get("split") != split:
                continue
            media = home / "media" / row["vid"]
            pictures = sorted((media / "frames").glob("*.jpg"), key=lambda path: int(path.stem))
            if not pictures:
                raise VideoDataError(f"{media / 'frames'} holds no pictures")
            source = FolderSource(tuple(pictures), 1.0, most)
            masks = sorted((home / "gt_mask" / row["vid"] / f"fid_{row['fid']}").glob("*.png"))
            audio = media / "audio.wav"
            tasks.append(
                SegmentTask(
                    row["uid"], source, row["exp"], _Pictures(masks, source) if masks else None,
                    "avs", str(audio) if audio.exists() else "", {"split": split},
                )
            )  # fmt: skip
    return tasks


class _Pictures:
    """True masks as pictures: what is not black."""

    def __init__(self, paths: list[Path], source: FolderSource) -> None:
        self._paths, self._source = paths, source

    def __call__(self) -> list[list[Mask]]:
        return [
            [
                decode_picture(self._paths[place].read_bytes()).max(axis=2) > 0
                for place in self._source.places
            ]
        ]


class _Runs:
    """True masks as run lengths: one list of frames an annotation."""

    def __init__(self, stored: list[list[Any]], source: FolderSource) -> None:
        self._stored, self._source = stored, source

    def __call__(self) -> list[list[Mask]]:
        import numpy as np

        size = next((rle["size"] for frames in self._stored for rle in frames if rle), None)
        if size is None:
            raise VideoDataError("no frame of any annotation has a mask")
        return [
            [
                decode_rle(frames[place]) if frames[place] else np.zeros(size, np.bool_)
                for place in self._source.places
            ]
            for frames in self._stored
        ]


def _expressions(home: Path, meta: str, most: int) -> Iterator[SegmentTask]:
    videos = _json(home / meta).get("videos")
    if not isinstance(videos, dict):
        raise VideoDataError(f'{home / meta} has no "videos"')
    file = home / "mask_dict.json"
    masks: dict[str, Any] = _json(file) if file.exists() else {}
    for video, told in videos.items():
        pictures = tuple(home / "JPEGImages" / video / f"{name}.jpg" for name in told["frames"])
        source = FolderSource(pictures, float(told.get("fps", _RATE)), most)
        for number, expression in told["expressions"].items():
            wanted = [str(one) for one in expression.get("anno_id", [])]
            known = [masks[one] for one in wanted if one in masks]
            kind = {0: "referring", 1: "reasoning"}.get(expression.get("type_id", -1), "")
            yield SegmentTask(
                f"{video}/{number}", source, expression["exp"],
                _Runs(known, source) if known else None, info={"type": kind} if kind else {},
            )  # fmt: skip


def _json(path: Path) -> dict[str, Any]:
    with _opened(path) as file:
        found: dict[str, Any] = json.load(file)
    return found


def _opened(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise VideoDataError(
            f"{path} cannot be read: {error.strerror}; give the folder as it was published"
        ) from error
