"""Rows of a table as slots dataclasses: the column names are the field names."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Sequence
from typing import Any, TypeVar

from tracegraph.runs.payload import decode, encode, safe_text

Row = TypeVar("Row")

# Columns that hold JSON text.
_JSON = frozenset({"payload", "config", "summary"})


def insert(
    connection: sqlite3.Connection, table: str, row: object, *, otherwise: str = "ABORT"
) -> int:
    """Insert a dataclass and return its row number; `otherwise` is SQLite's conflict clause."""
    values = {
        field.name: _to_column(field.name, getattr(row, field.name))
        for field in dataclasses.fields(row)  # type: ignore[arg-type]
    }
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    cursor = connection.execute(
        f"INSERT OR {otherwise} INTO {table} ({names}) VALUES ({marks})", values
    )
    return cursor.lastrowid or 0


def where(**conditions: object) -> tuple[str, list[object]]:
    """Return a WHERE clause for the conditions that are not None, and its values."""
    given = {name: value for name, value in conditions.items() if value is not None}
    if not given:
        return "", []
    return " WHERE " + " AND ".join(f"{name} = ?" for name in given), list(given.values())


def build(kind: type[Row], rows: Sequence[sqlite3.Row]) -> list[Row]:
    """Make a dataclass of each row, with JSON columns decoded."""
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return [kind(**{name: _from_column(name, row[name]) for name in names}) for row in rows]


def _to_column(name: str, value: Any) -> Any:
    if name in _JSON:
        return encode(value)
    if isinstance(value, str):
        return safe_text(value)
    return int(value) if isinstance(value, bool) else value


def _from_column(name: str, value: Any) -> Any:
    if name in _JSON:
        return decode(value)
    return bool(value) if name == "cached" else value
