"""Files to rows: JSON, JSON lines, CSV, TSV, Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tracegraph.errors import MissingExtraError
from tracegraph.training.data.errors import DataError

# A row and where it stands: "line 3" or "item 3".
Row = tuple[str, dict[str, Any]]


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file in their order; its kind follows from its ending.

    Raises:
        DataError: the file cannot be read, or a line of it is malformed.
        MissingExtraError: a Parquet file, and pyarrow is not installed.
    """
    readers = {
        ".jsonl": _json_lines,
        ".ndjson": _json_lines,
        ".json": _json,
        ".csv": _csv,
        ".tsv": _csv,
        ".parquet": _parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: examples are read from {', '.join(readers)} files")
    try:
        yield from reader(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8") from error


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                where = f"line {number}"
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as error:
                    at = f"{error.msg} at character {error.colno}"
                    raise DataError(f"{path}, {where}: no JSON value: {at}") from error
                except (ValueError, RecursionError) as error:
                    raise DataError(f"{path}, {where}: no JSON value: {error}") from error
                yield where, _checked(path, where, row)


def _json(path: Path) -> Iterator[Row]:
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {error.lineno}: no JSON value: {error.msg}") from error
    except RecursionError as error:
        raise DataError(f"{path} is nested too deeply") from error
    rows = content.get("examples") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise DataError(f'{path} holds neither a list of rows nor {{"examples": [...]}}')
    for number, row in enumerate(rows, 1):
        where = f"item {number}"
        yield where, _checked(path, where, row)


def _csv(path: Path) -> Iterator[Row]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = next(lines, [])
            for name in header:
                if not name.strip() or header.count(name) > 1:
                    raise DataError(
                        f"{path}, line 1: every column needs a name of its own, not {name!r}"
                    )
            for fields in lines:
                where = f"line {lines.line_num}"
                if fields and len(fields) != len(header):
                    raise DataError(
                        f"{path}, {where}: {len(fields)} fields for {len(header)} columns "
                        f"({', '.join(header)}); quote fields that hold a {delimiter!r}"
                    )
                if fields:
                    yield where, dict(zip(header, fields, strict=True))
        except csv.Error as error:
            raise DataError(f"{path}, line {lines.line_num}: {error}") from error


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingExtraError("parquet", "pyarrow") from error
    try:
        rows = parquet.read_table(path).to_pylist()
    except ArrowException as error:
        raise DataError(f"{path} is no Parquet file: {error}") from error
    for number, row in enumerate(rows, 1):
        yield f"row {number}", row


def _checked(path: Path, where: str, row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise DataError(
            f"{path}, {where}: a row is an object with a value a column, not {str(row)[:80]!r}"
        )
    return row
