"""Episodes as files: append-only segments of JSON lines, which anything can read.

The run store is what counts; segments are the same episodes for readers that should not open a
database: another machine, a training job, a person with ``jq``. A line is on the disk before
``append`` returns. A line that a kill cut off is passed over, and an episode that is there twice
is read once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tracegraph.runs import StoredEpisode, new_id


class Segments:
    """Appends episodes to files of a folder.

    Args:
        folder: made when missing. Several processes may write to one folder, each to its own file.
        size: bytes after which a new file is begun.
    """

    def __init__(self, folder: Path, size: int = 64 << 20) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._size = size
        self._path: Path | None = None

    def missing(self, rows: Iterable[StoredEpisode]) -> list[StoredEpisode]:
        """Return those that are not in the folder: a kill came between the store and the file."""
        there = {(row.run, row.key) for row in read_segments(self._folder)}
        return [row for row in rows if (row.run, row.key) not in there]

    def append(self, row: StoredEpisode) -> None:
        """Write an episode; returns when it is on the disk."""
        if self._path is None or self._path.stat().st_size >= self._size:
            # The names sort by time, so that readers see episodes in their order.
            self._path = self._folder / f"{new_id()}.jsonl"
        with self._path.open("ab") as opened:
            opened.write((json.dumps(asdict(row)) + "\n").encode())
            opened.flush()
            os.fsync(opened.fileno())


def read_segments(folder: Path) -> Iterator[StoredEpisode]:
    """Return the episodes of a folder, each once, in the order of their files."""
    seen: set[tuple[str, str]] = set()
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as opened:
            for line in opened:
                row = _row(line)
                if row is not None and (row.run, row.key) not in seen:
                    seen.add((row.run, row.key))
                    yield row


def _row(line: bytes) -> StoredEpisode | None:
    try:
        told: dict[str, Any] = json.loads(line)
    except ValueError:
        return None  # cut off by a kill
    return StoredEpisode(**told)
