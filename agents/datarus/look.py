"""The first cell of a notebook: it loads the tables and shows what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

_READERS = {
    ".csv": "read_csv({name!r})",
    ".tsv": "read_csv({name!r}, sep='\\t')",
    ".parquet": "read_parquet({name!r})",
    ".json": "read_json({name!r})",
    ".jsonl": "read_json({name!r}, lines=True)",
    ".xlsx": "read_excel({name!r})",
}
_SHOW = """\
print({table!r}, "has", len({table}), "rows and the columns:")
for column in list({table}.columns)[:60]:
    values = {table}[column]
    examples = ", ".join(repr(value)[:30] for value in values.dropna().unique().tolist()[:3])
    missing = values.isna().sum()
    print(f"- {{column!r}}: {{values.dtype}}, {{missing}} missing, such as {{examples}}")\
"""


def first_cell(names: Iterable[str]) -> str:
    """Return code that loads each table as df (or df1, df2, …) and describes it; "" without any.

    The output is the least that a small model needs to write correct code: exact names, types,
    missing values, examples.
    """
    readers = {}
    for name in names:
        reader = _READERS.get(PurePath(name).suffix.lower())
        if reader is not None:
            readers[name] = reader.format(name=name)
    if not readers:
        return ""
    tables = ["df"] if len(readers) == 1 else [f"df{i + 1}" for i in range(len(readers))]
    lines = ["import numpy as np", "import pandas as pd", ""]
    for table, reader in zip(tables, readers.values(), strict=True):
        lines += [f"{table} = pd.{reader}", _SHOW.format(table=table)]
    return "\n".join(lines)
