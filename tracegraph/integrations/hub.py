"""Hugging Face data sets in and out: as examples for a workflow, and episodes as a data set."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.errors import MissingExtraError
from tracegraph.rollout.formats import export
from tracegraph.training.data import DataError, Example, load_examples

if TYPE_CHECKING:
    from datasets import Dataset

    from tracegraph.runs import StoredEpisode

__all__ = ["examples_of", "dataset_of", "fetch_rows", "write_rows", "is_dataset"]

SCHEME = "hf://"
_PARTS = ("train", "validation", "test")


def is_dataset(name: str) -> bool:
    """Return whether a name is hf://OWNER/NAME, or a folder of ``save_to_disk``."""
    folder = Path(name)
    marks = ("dataset_info.json", "dataset_dict.json")
    return name.startswith(SCHEME) or any((folder / mark).is_file() for mark in marks)


def fetch_rows(name: str, folder: Path) -> Path:
    """Return a .jsonl file in a folder with the rows of a data set, for ``load_examples``.

    The file stays: a run that is resumed reads the same rows, whatever becomes of the data set.

    Args:
        name: ``hf://OWNER/NAME``, ``hf://OWNER/NAME@CONFIG``, or a folder of ``save_to_disk``.
        folder: where the file goes.

    Raises:
        MissingExtraError: datasets is not installed.
        DataError: there is no such data set, or a value is no JSON.
    """
    datasets = _package()
    try:
        if name.startswith(SCHEME):
            path, _, config = name.removeprefix(SCHEME).partition("@")
            loaded = datasets.load_dataset(path, config or None)
        else:
            loaded = datasets.load_from_disk(name)
    except Exception as error:  # whatever the hub, the network or a file has
        raise DataError(f"the data set {name} cannot be read: {error}") from error
    return write_rows(loaded, folder / f"{_short(name)}.jsonl")


def write_rows(dataset: Any, path: Path) -> Path:
    """Write a Dataset or DatasetDict as JSON lines; the parts of a dict go to a column ``split``.

    Raises:
        DataError: a value is no JSON, or a part is none of train, validation and test.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8") as file:
        for part, rows in dataset.items() if isinstance(dataset, Mapping) else [("", dataset)]:
            if part and part not in _PARTS:
                raise DataError(
                    f"the data set has a part {part!r}; use train, validation and test, or one part"
                )
            for number, row in enumerate(rows):
                told = {**row, "split": part} if part else row
                try:
                    file.write(json.dumps(told, allow_nan=False) + "\n")
                except (TypeError, ValueError) as error:
                    raise DataError(
                        f"row {number} of the data set is no JSON ({error}): remove such columns, "
                        "as pictures, with dataset.remove_columns"
                    ) from error
    return partial.replace(path)


def examples_of(dataset: Any, **columns: Any) -> list[Example]:
    """Return the rows of a Dataset or DatasetDict as examples; ``columns`` as ``load_examples``."""
    with tempfile.TemporaryDirectory() as folder:
        return load_examples(write_rows(dataset, Path(folder, "rows.jsonl")), **columns)


def dataset_of(
    rows: Iterable[StoredEpisode], form: Literal["openai", "trl", "verl", "jsonl"] = "openai"
) -> Dataset:
    """Return episodes as a Dataset, in a form of `tracegraph episodes export`.

    Raises:
        MissingExtraError: datasets is not installed.
        DataError: there are no episodes.
    """
    datasets = _package()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rows.jsonl")
        if not export(rows, file, form):
            raise DataError("there are no episodes to make a data set of")
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    made: Dataset = datasets.Dataset.from_list(lines)
    return made


def _package() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("hub", "datasets") from error
    return datasets


def _short(name: str) -> str:
    stem = "".join(c if c.isalnum() else "-" for c in name.removeprefix(SCHEME))[-40:].strip("-")
    return f"{stem}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
