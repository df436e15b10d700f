"""The texts of benchmarks, from the files that they are published as."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracegraph.errors import TracegraphError

# What the problem's text is called in the sets that exist.
_FIELDS = (
    "question", "en_question", "Question", "document", "description", "problem", "prompt",
    "input", "scenario", "text",
)  # fmt: skip
_SUFFIXES = (".json", ".jsonl", ".csv")


@dataclass(frozen=True, slots=True)
class BenchmarkItem:
    """One problem of a benchmark: the file's name, its place there, its text."""

    source: str
    item: str
    text: str


def load_benchmarks(paths: Iterable[Path]) -> list[BenchmarkItem]:
    """Return all problems of files, and of folders of them.

    Raises:
        TracegraphError: a path does not exist, or holds no problem.
    """
    found = []
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        files = [file for file in files if file.suffix in _SUFFIXES and "seeds" not in file.parts]
        items = [item for file in files for item in _items(file)]
        if not items:
            raise TracegraphError(
                f"{path} holds no problems: name JSON, JSONL or CSV files whose rows have one of "
                f"{', '.join(_FIELDS)}"
            )
        found += items
    return found


def _items(path: Path) -> Iterator[BenchmarkItem]:
    for number, row in enumerate(_rows(path)):
        # NL4OPT nests each problem under a key of its own.
        inner = next(iter(row.values()), None) if len(row) == 1 else None
        fields = inner if isinstance(inner, dict) else row
        text = next((fields[name] for name in _FIELDS if isinstance(fields.get(name), str)), None)
        if text and text.strip():
            yield BenchmarkItem(path.name, str(number), text)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TracegraphError(f"{path} cannot be read: {error}") from error
    if path.suffix == ".csv":
        yield from csv.DictReader(text.splitlines())
        return
    told: Any
    try:
        if path.suffix == ".jsonl":
            told = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            told = json.loads(text)
    except ValueError as error:
        raise TracegraphError(f"{path} is no JSON: {error}") from error
    if isinstance(told, dict):
        told = next((value for value in told.values() if isinstance(value, list)), [told])
    yield from (row for row in told if isinstance(row, dict))
