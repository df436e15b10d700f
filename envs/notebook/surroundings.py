"""What an agent is told first: the files of the task, and the packages that it may use."""

from __future__ import annotations

import csv
import functools
import importlib.metadata
from collections.abc import Mapping
from pathlib import Path

_PACKAGES = (
    "numpy", "pandas", "matplotlib", "scikit-learn", "scipy", "statsmodels", "seaborn", "pyarrow",
    "polars", "openpyxl", "xgboost", "lightgbm", "networkx", "sympy", "pillow",
)  # fmt: skip
_COLUMNS, _COUNTED = 60, 200 << 20


def describe(files: Mapping[str, Path], seconds: float) -> str:
    """Return the text; reads each file once."""
    import sys

    lines = ["Files in the working directory (read-only):"] if files else ["There are no files."]
    lines += [f"- {name}, {_size(path)}{_table(path)}" for name, path in files.items()]
    version = ".".join(str(part) for part in sys.version_info[:2])
    lines.append(f"Python {version}; installed: {', '.join(_installed())}.")
    lines.append(
        f"A cell may take {seconds:g} s. There is no network and nobody who answers input()."
    )
    return "\n".join(lines)


@functools.cache
def _installed() -> tuple[str, ...]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return tuple(found)


def _size(path: Path) -> str:
    size = float(path.stat().st_size)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000 or unit == "MB":
            break
        size /= 1000
    return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"


def _table(path: Path) -> str:
    if path.suffix.lower() not in (".csv", ".tsv") or path.stat().st_size > _COUNTED:
        return ""
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=separator)
            header = next(reader, [])
            rows = sum(bool(row) for row in reader)
    except (OSError, csv.Error):
        return ""
    names = ", ".join(name[:60] for name in header[:_COLUMNS])
    more = f" and {len(header) - _COLUMNS} more" if len(header) > _COLUMNS else ""
    return f", {rows} rows, {len(header)} columns: {names}{more}"
