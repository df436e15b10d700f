"""Rows to examples: which column is what, and what is wrong with a row."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from tracegraph.training.data.errors import DataError, DataWarning
from tracegraph.training.data.example import Example, fingerprint, inputs_of
from tracegraph.training.data.rows import read_rows

_EXPECTED = ("expected", "label", "target", "answer", "output")
_PARTS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test",
}  # fmt: skip
_SHOWN = 3  # how many duplicates a message names


def load_examples(
    path: str | PathLike[str],
    *,
    inputs: Sequence[str] | None = None,
    expected: str | None = None,
    id: str | None = None,
    group: str | None = None,
    limit: int | None = None,
) -> list[Example]:
    """Return the examples of a .jsonl, .json, .csv, .tsv or .parquet file.

    A JSON file holds a list of rows, or an object with such a list as ``examples``. Values of
    CSV and TSV files are texts. A column ``split`` says which part a row belongs to.

    Args:
        path: the file.
        inputs: the columns that the workflow gets; None for all that have no other use.
        expected: the column to compare with; None for the first of expected, label, target,
            answer and output that the file has.
        id: the column that names a row; None for ``id`` if the file has it, else ids are made
            from the content, and stay when the file is sorted otherwise.
        group: the column of what belongs together; None for ``group`` if the file has it.
        limit: read only so many rows, the first.

    Raises:
        DataError: the file, a line or a column is wrong, or two rows have one id.
        MissingExtraError: a Parquet file, and pyarrow is not installed.

    Warns:
        DataWarning: rows are the same, or have the same inputs and expect different things.
    """
    file = Path(path)
    rows = list(itertools.islice(read_rows(file), limit))
    if not rows:
        raise DataError(f"{file} holds no examples")
    columns = _Columns.of(file, rows[0][1], inputs, expected, id, group)
    examples = [columns.example(where, row) for where, row in rows]
    places = [where for where, _ in rows]
    if columns.id is None:
        examples = _numbered(examples)
    else:
        _refuse_equal_ids(file, columns.id, examples, places)
    _report_equal_rows(file, examples, places)
    return examples


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column is what."""

    file: Path
    all: tuple[str, ...]
    inputs: tuple[str, ...]
    expected: str | None
    id: str | None
    group: str | None
    part: str | None
    chosen: bool

    @classmethod
    def of(
        cls,
        file: Path,
        first: dict[str, Any],
        inputs: Sequence[str] | None,
        expected: str | None,
        id: str | None,
        group: str | None,
    ) -> _Columns:
        taken = set(inputs or ())
        free = [name for name in first if name not in taken]
        if expected is None:
            expected = next((name for name in _EXPECTED if name in free), None)
        id = id or ("id" if "id" in free else None)
        group = group or ("group" if "group" in free else None)
        part = "split" if "split" in free else None
        rest = [name for name in first if name not in (expected, id, group, part)]
        names = tuple(rest if inputs is None else inputs)
        if not names:
            raise DataError(f"{file} has no column left for inputs, only {', '.join(first)}")
        return cls(
            file, tuple(first), names, expected, id, group, part, inputs is not None
        )  # fmt: skip

    def example(self, where: str, row: dict[str, Any]) -> Example:
        if not self.chosen and row.keys() != set(self.all):
            different = sorted(row.keys() ^ set(self.all))
            raise DataError(
                f"{self.file}, {where}: the first row and this one differ in the column "
                f"{different[0]!r}; name the columns to use with inputs=[...]"
            )
        values = {name: self._value(where, row, name) for name in self.inputs}
        expected = None if self.expected is None else self._value(where, row, self.expected)
        name = (
            fingerprint([values, expected]) if self.id is None else self._text(where, row, self.id)
        )
        group = "" if self.group is None else self._text(where, row, self.group)
        return Example(name, values, expected, group, self._part(where, row))

    def _value(self, where: str, row: dict[str, Any], column: str) -> Any:
        if column not in row:
            raise DataError(
                f"{self.file}, {where}: there is no column {column!r}, only {', '.join(row)}"
            )
        return row[column]

    def _text(self, where: str, row: dict[str, Any], column: str) -> str:
        value = self._value(where, row, column)
        if not isinstance(value, str | int) or value == "":
            raise DataError(
                f"{self.file}, {where}: the column {column!r} needs a text or a whole number, "
                f"not {value!r}"
            )
        return str(value)

    def _part(self, where: str, row: dict[str, Any]) -> str:
        if self.part is None:
            return ""
        value = self._value(where, row, self.part)
        part = _PARTS.get(str(value).strip().lower())
        if part is None:
            raise DataError(
                f"{self.file}, {where}: the column {self.part!r} says {value!r}; it must be "
                "train, validation or test"
            )
        return part


def _numbered(examples: list[Example]) -> list[Example]:
    """Give the second and later of equal rows ids of their own."""
    seen: dict[str, int] = {}
    named = []
    for example in examples:
        count = seen[example.id] = seen.get(example.id, 0) + 1
        name = example.id if count == 1 else f"{example.id}-{count}"
        named.append(Example(name, example.inputs, example.expected, example.group, example.part))
    return named


def _refuse_equal_ids(file: Path, column: str, examples: list[Example], places: list[str]) -> None:
    first: dict[str, str] = {}
    equal = []
    for example, where in zip(examples, places, strict=True):
        if first.setdefault(example.id, where) != where:
            equal.append(f"{first[example.id]} and {where} are both {example.id!r}")
    if equal:
        raise DataError(f"{file}: ids in the column {column!r} repeat: {_listed(equal)}")


def _report_equal_rows(file: Path, examples: list[Example], places: list[str]) -> None:
    first: dict[str, tuple[Example, str]] = {}
    same: list[str] = []
    torn: list[str] = []
    for example, where in zip(examples, places, strict=True):
        earlier, place = first.setdefault(inputs_of(example), (example, where))
        if earlier is not example:
            (same if earlier.expected == example.expected else torn).append(f"{place} and {where}")
    if same:
        warnings.warn(f"{file}: rows repeat: {_listed(same)}", DataWarning, stacklevel=3)
    if torn:
        warnings.warn(
            f"{file}: rows have the same inputs and expect different things: {_listed(torn)}",
            DataWarning,
            stacklevel=3,
        )


def _listed(items: list[str]) -> str:
    more = len(items) - _SHOWN
    return "; ".join(items[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
