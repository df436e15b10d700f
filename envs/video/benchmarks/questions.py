"""VideoMME, MLVU and LongVideoBench: questions with options, from the publishers' files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tracegraph.envs.video.errors import VideoDataError
from tracegraph.envs.video.needle import VideoTask
from tracegraph.errors import MissingExtraError


def load_videomme(folder: str | Path) -> list[VideoTask]:
    """Return VideoMME: ``*.parquet`` (or JSON of the same fields) and ``data/VIDEO.mp4``."""
    home = Path(folder)

    def tasks() -> Iterator[VideoTask]:
        for row in _rows(home, "test*"):
            options = tuple(_bare(option) for option in row["options"])
            yield VideoTask(
                str(row["question_id"]), _video(home, "data", f"{row['videoID']}.mp4"),
                row["question"], options, _lettered(options, row["answer"]),
                info={"duration": row["duration"], "kind": row["task_type"]},
            )  # fmt: skip

    return list(tasks())


def load_mlvu(folder: str | Path) -> list[VideoTask]:
    """Return MLVU's questions with options: ``json/*.json`` and ``video/KIND/VIDEO.mp4``."""
    home = Path(folder)

    def tasks() -> Iterator[VideoTask]:
        for file in sorted((home / "json").glob("*.json")):
            for number, row in enumerate(_json(file)):
                if not row.get("candidates"):
                    continue  # free answers are judged, not compared
                yield VideoTask(
                    f"{file.stem}-{number}", _video(home, "video", file.stem, row["video"]),
                    row["question"], tuple(map(str, row["candidates"])), str(row["answer"]),
                    info={"kind": row.get("question_type", file.stem)},
                )  # fmt: skip

    return list(tasks())


def load_longvideobench(folder: str | Path) -> list[VideoTask]:
    """Return the validation part of LongVideoBench: ``lvb_val.json`` and ``videos/``."""
    home = Path(folder)

    def tasks() -> Iterator[VideoTask]:
        for row in _json(home / "lvb_val.json"):
            options = tuple(map(str, row["candidates"]))
            yield VideoTask(
                row["id"], _video(home, "videos", row["video_path"]), row["question"], options,
                options[int(row["correct_choice"])],
                info={"duration": str(row["duration_group"]), "kind": row["question_category"]},
            )  # fmt: skip

    return list(tasks())


LOADERS: dict[str, Callable[[str | Path], list[VideoTask]]] = {
    "videomme": load_videomme,
    "mlvu": load_mlvu,
    "longvideobench": load_longvideobench,
}


def _rows(home: Path, pattern: str) -> Iterator[dict[str, Any]]:
    found = False
    for file in sorted(home.rglob(f"{pattern}.parquet")):
        try:
            from pyarrow import parquet
        except ImportError as error:
            raise MissingExtraError("parquet", "pyarrow") from error
        found = True
        yield from parquet.read_table(file).to_pylist()
    for file in sorted(home.glob(f"{pattern}.json")):
        found = True
        yield from _json(file)
    if not found:
        raise VideoDataError(
            f"{home} holds no {pattern}.parquet or .json: give the folder as it was published"
        )


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VideoDataError(
            f"{path} cannot be read: {error.strerror}; give the folder as it was published"
        ) from error


def _video(home: Path, *parts: str) -> str:
    return str(home.joinpath(*parts))


def _bare(option: str) -> str:
    """Return an option without its letter: "A. A cat." is "A cat."."""
    return option[3:] if option[1:3] == ". " else option


def _lettered(options: tuple[str, ...], letter: str) -> str:
    number = ord(letter.strip()[:1].upper() or "?") - ord("A")
    if not 0 <= number < len(options):
        raise VideoDataError(f"the answer {letter!r} is none of {len(options)} options")
    return options[number]
