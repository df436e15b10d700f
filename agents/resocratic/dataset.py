"""The data set on disk: JSONL, Parquet, rejections, and its card."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tracegraph.agents.resocratic.finishing import Finished
from tracegraph.agents.resocratic.rows import flat
from tracegraph.errors import TracegraphError

SPLITS = ("train", "test")


def write_dataset(folder: Path, finished: Finished, card: str) -> list[Path]:
    """Write a data set and return its files; files of an earlier call are replaced.

    `data/SPLIT.jsonl` holds whole rows, `data/SPLIT.parquet` the same as a flat table,
    `rejections.jsonl` what was left out and why, `README.md` the card.

    Raises:
        TracegraphError: pyarrow is not installed.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for split in SPLITS:
        rows = [row for row in finished.rows if row["split"] == split]
        files = (data / f"{split}.jsonl", data / f"{split}.parquet")
        for file in files:
            file.unlink(missing_ok=True)
        if rows:
            _write_lines(files[0], rows)
            _write_parquet(files[1], rows)
            written += files
    _write_lines(folder / "rejections.jsonl", [asdict(each) for each in finished.rejections])
    (folder / "README.md").write_text(card, encoding="utf-8")
    return [*written, folder / "rejections.jsonl", folder / "README.md"]


def _write_lines(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8")


def _write_parquet(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise TracegraphError(
            "Parquet files need pyarrow: pip install 'tracegraph[parquet]'"
        ) from error
    parquet.write_table(
        pyarrow.Table.from_pylist([flat(row) for row in rows]), file, compression="zstd"
    )
