"""Reading examples: every kind of file, and what is said about broken ones."""

from __future__ import annotations

import importlib.util
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.errors import MissingExtraError
from tracegraph.training.data import DataError, DataWarning, load_examples

ROWS = [
    {"text": "where is my parcel?", "urgent": "no", "label": "delivery"},
    {"text": "my card was charged twice,\nplease help", "urgent": "yes", "label": "billing"},
]


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def files(folder: Path) -> list[Path]:
    """Write the same rows in every text form."""
    quoted = [[f'"{value}"' for value in row.values()] for row in ROWS]
    lines = [list(ROWS[0]), *quoted]
    return [
        write(folder / "rows.jsonl", "\n\n".join(map(json.dumps, ROWS)) + "\n"),
        write(folder / "rows.json", json.dumps(ROWS)),
        write(folder / "object.json", json.dumps({"canary": "x", "examples": ROWS})),
        write(folder / "rows.csv", "\ufeff" + "\n".join(",".join(line) for line in lines)),
        write(folder / "rows.tsv", "\n".join("\t".join(line) for line in lines)),
    ]


def test_every_form_gives_the_same_examples(tmp_path: Path) -> None:
    loaded = [load_examples(path) for path in files(tmp_path)]
    assert all(each == loaded[0] for each in loaded)
    first, second = loaded[0]
    assert first.inputs == {"text": "where is my parcel?", "urgent": "no"}
    assert (first.expected, second.expected) == ("delivery", "billing")
    assert first.id != second.id


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    row = {"id": 7, "q": "1+1", "target": "two", "answer": 2, "user": "ann", "note": None}
    path = write(tmp_path / "rows.jsonl", json.dumps(row))
    (example,) = load_examples(path, inputs=["q"], expected="answer", group="user")
    assert (example.id, dict(example.inputs), example.expected) == ("7", {"q": "1+1"}, 2)
    assert example.group == "ann"
    (example,) = load_examples(path)
    assert example.expected == "two"
    assert list(example.inputs) == ["q", "answer", "user", "note"]


def test_the_split_column_is_read_in_its_usual_spellings(tmp_path: Path) -> None:
    rows = [{"q": n, "split": part} for n, part in enumerate(["Train", "dev", "val", "test"])]
    path = write(tmp_path / "rows.json", json.dumps(rows))
    parts = [example.part for example in load_examples(path)]
    assert parts == ["train", "validation", "validation", "test"]


def test_only_the_first_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", '{"q": 1}\n{"q": 2}\nnot read any more')
    assert [example.inputs["q"] for example in load_examples(path, limit=2)] == [1, 2]


def test_ids_do_not_depend_on_the_order(tmp_path: Path) -> None:
    rows = [{"q": str(n), "answer": n % 3} for n in range(40)]
    one = load_examples(write(tmp_path / "one.json", json.dumps(rows)))
    random.Random(1).shuffle(rows)
    other = load_examples(write(tmp_path / "other.json", json.dumps(rows)))
    assert {e.id: e for e in one} == {e.id: e for e in other}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", '{"q": 1}\n{"q": ', "a.jsonl, line 2: no JSON value"),
        ("a.jsonl", '{"q": 1}\n[1]', "a.jsonl, line 2: a row is an object"),
        ("a.jsonl", '{"q": 1, "label": 2}\n{"q": 1}', "line 2: .*'label'"),
        ("a.jsonl", '{"q": 1}\n{"q": 1, "extra": 2}', "line 2: .*'extra'.*inputs="),
        ("a.jsonl", "", "a.jsonl holds no examples"),
        ("a.json", '{"rows": []}', "neither a list of rows"),
        ("a.json", '[{"q": 1},\n oops]', "a.json, line 2: no JSON value"),
        ("a.json", '[{"q": 1}, 5]', "item 2: a row is an object"),
        ("a.csv", "q,label\n1,2\n1,2,3\n", "a.csv, line 3: 3 fields for 2 columns"),
        ("a.csv", "q,q\n1,2\n", "line 1: every column needs a name of its own"),
        ("a.csv", "q,\n1,2\n", "line 1: every column needs a name of its own"),
        ("a.csv", 'q,label\n"1,2\n', "a.csv, line 2: unexpected end of data"),
        ("a.csv", "q,label\n", "holds no examples"),
        ("a.json", '[{"label": 1}]', "no column left for inputs, only label"),
        ("a.json", '[{"q": 1, "split": "tset"}]', "item 1: the column 'split' says 'tset'"),
        ("a.json", '[{"q": 1, "id": "x"}, {"q": 2, "id": "x"}]', "item 1 and item 2 are both 'x'"),
        ("a.json", '[{"q": 1, "id": ""}]', "item 1: the column 'id' needs a text"),
        ("a.xlsx", "", "examples are read from .jsonl"),
    ],
)
def test_what_is_said_about_a_broken_file(
    tmp_path: Path, name: str, content: str, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        load_examples(write(tmp_path / name, content))


def test_missing_files_columns_and_encodings(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load_examples(tmp_path / "none.csv")
    path = write(tmp_path / "rows.json", json.dumps(ROWS))
    with pytest.raises(DataError, match=r"item 1: there is no column 'labels', only text"):
        load_examples(path, expected="labels")
    with pytest.raises(DataError, match="there is no column 'body'"):
        load_examples(path, inputs=["body"])
    (tmp_path / "latin.csv").write_bytes("q,label\nfür,1\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        load_examples(tmp_path / "latin.csv")


def test_repeated_and_contradicting_rows_are_reported(tmp_path: Path) -> None:
    rows = [{"q": 1, "answer": "a"}, {"q": 1, "answer": "a"}, {"q": 1, "answer": "b"}]
    path = write(tmp_path / "rows.json", json.dumps(rows))
    with pytest.warns(DataWarning) as caught:
        examples = load_examples(path)
    told = [str(warning.message) for warning in caught]
    assert "rows repeat: item 1 and item 2" in told[0]
    assert "expect different things: item 1 and item 3" in told[1]
    assert len({example.id for example in examples}) == 3


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is there")
def test_parquet_names_its_extra(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=re.escape("tracegraph[parquet]")):
        load_examples(write(tmp_path / "rows.parquet", ""))


def test_parquet(tmp_path: Path) -> None:
    pyarrow: Any = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    assert load_examples(tmp_path / "rows.parquet")[1].expected == "billing"
    with pytest.raises(DataError, match="no Parquet file"):
        load_examples(write(tmp_path / "broken.parquet", "nonsense"))


@given(content=st.binary(max_size=200), kind=st.sampled_from([".jsonl", ".json", ".csv", ".tsv"]))
def test_no_file_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{kind}"
    path.write_bytes(content)
    told = str(path)
    try:
        assert load_examples(path)
    except DataError as error:
        told = str(error)
    assert str(path) in told
