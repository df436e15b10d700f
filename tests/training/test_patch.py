from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tracegraph.training.errors import TrainingError
from tracegraph.training.patch import Change, patched, unified_diff

HEAD = "import tracegraph as tg\n"


def changed(source: str, value: object, before: object, name: str = "p", kind: str = "") -> str:
    made = patched(source, [Change(name, kind, value, before)])
    assert made.missing == {}
    assert repr(made.values[name]) == repr(value)
    return made.source


def reason(source: str, before: object = 1, name: str = "p", *, force: bool = False) -> str:
    made = patched(source, [Change(name, "", 2, before)], force=force)
    assert made.source == source
    return made.missing[name]


def test_only_the_value_changes() -> None:
    source = HEAD + (
        "# why\n"
        'p = tg.node(  "old" , name="p",   trainable=True)  # odd spaces stay\n'
        'q = tg.node("old", name="q", trainable=True)\n'
    )
    assert changed(source, "new", "old") == source.replace('"old" ,', '"new" ,')


@pytest.mark.parametrize(
    "call",
    [
        'tg.node({}, name="p", trainable=True)',
        'tg.node({}, "p", True)',
        'tg.node(data={}, trainable=True, name="p")',
        'tg.Parameter({}, name="p", low=0)',
        'tg.ParameterNode(value={}, name="p")',
        'graph.node({}, name="p", trainable=True)',
        'P({}, name="p")',
        "tg.Parameter({}, name=NAME)",
    ],
)
def test_the_ways_to_make_a_parameter(call: str) -> None:
    source = HEAD + (
        "from tracegraph import graph\nfrom tracegraph.graph import ParameterNode as P\n"
        f'NAME = "p"\n\np = {call}\n'
    )
    assert changed(source.format(1), 7, 1) == source.format(7)


@pytest.mark.parametrize(
    ("before", "value", "written"),
    [
        ("0.5", -0.25, "-0.25"),
        ("3", 4, "4"),
        ("True", False, "False"),
        ('["a", 1]', ["b", 2, None], '["b", 2, None]'),
        ('{"a": [1, 2]}', {"b": {"c": 1.5}}, '{"b": {"c": 1.5}}'),
        ('"a" "b"', "c", '"c"'),
        ('"a" + "b"', "c", '"c"'),
        ('""" ab """.strip()', 'say "c"', '"say \\"c\\""'),
        ("r'a\\d'", "b\\d", '"b\\\\d"'),
        ("1.5", float("inf"), 'float("inf")'),
    ],
)
def test_values(before: str, value: object, written: str) -> None:
    source = f'{HEAD}p = tg.Parameter({before}, name="p")\n'
    old = eval(before)
    assert changed(source, value, old) == f'{HEAD}p = tg.Parameter({written}, name="p")\n'


def test_a_tuple_that_came_through_json() -> None:
    source = HEAD + 'p = tg.Parameter((1, 2), name="p", choices=[(1, 2), (3, 4)])\n'
    made = patched(source, [Change("p", "choice", [3, 4], [1, 2])])
    assert 'tg.Parameter((3, 4), name="p"' in made.source
    assert made.values == {"p": (3, 4)}


def test_long_texts_are_readable() -> None:
    source = HEAD + 'p = tg.node("x", name="p", trainable=True)\n'
    lines = changed(source, "First line.\n\nSecond: {text}\n", "x")
    assert '"""First line.\n\nSecond: {text}\n"""' in lines
    folded = changed(source, "many words " * 30, "x")
    assert max(map(len, folded.splitlines())) < 100


def test_a_constant_of_the_module_is_changed_where_it_stands() -> None:
    source = HEAD + 'P: str = "old"  # kept\n\np = tg.node(P, name="p", trainable=True)\n'
    assert changed(source, "new", "old") == source.replace('"old"', '"new"')


def test_a_constant_that_others_use_stays() -> None:
    source = HEAD + 'P = 1\np = tg.Parameter(P, name="p")\nprint(P)\n'
    assert changed(source, 2, 1) == source.replace("Parameter(P", "Parameter(2")


def test_a_name_that_was_made_up_is_told_by_the_value() -> None:
    source = HEAD + 'p = tg.node("one", trainable=True)\nq = tg.node("two", trainable=True)\n'
    assert changed(source, "new", "two", name="str17") == source.replace("two", "new")
    same = source.replace("two", "one")
    made = patched(same, [Change("str17", "text", "new", "one")])
    assert "several places" in made.missing["str17"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('p = tg.Parameter(int("1"), name="p")', "line 2: it is computed: int('1')"),
        ('p = tg.node(f"{1}", name="p", trainable=True)', "computed"),
        ('P = 1\nP = 1\np = tg.Parameter(P, name="p")', "P is assigned more than once"),
        ('P, Q = 1, 2\np = tg.Parameter(P, name="p")', "plain NAME = VALUE"),
        ('from other import P\np = tg.Parameter(P, name="p")', "plain NAME = VALUE"),
        ('def f(P):\n    return tg.Parameter(P, name="p")\nP = 1', "local name"),
        ('p = tg.Parameter(1, name="p")\nq = tg.Parameter(1, name="p")', "several places"),
        ('p = tg.Parameter(3, name="p")', "another value"),
        ('p = tg.node(1, name="p")', "nothing in this file"),
        ('import torch\np = torch.Parameter(1, name="p")', "nothing in this file"),
    ],
)
def test_what_is_not_clear_is_told_and_left(source: str, why: str) -> None:
    assert why in reason(HEAD + source + "\n")


def test_force_changes_another_value_too() -> None:
    source = HEAD + 'p = tg.Parameter(3, name="p")\n'
    made = patched(source, [Change("p", "int", 2, 1)], force=True)
    assert made.source == source.replace("3", "2")


def test_line_breaks_and_letters_of_the_file_stay() -> None:
    source = (
        "\ufeff# déjà vu\x0c\r\n"
        + HEAD.replace("\n", "\r\n")
        + 's = "ä\u2028ö"; p = tg.node("ü", name="p", trainable=True)\r\n'
    )
    new = changed(source, "a\nß", "ü")
    assert new == source.replace('"ü"', '"""a\r\nß"""')


def test_a_source_that_is_not_python() -> None:
    with pytest.raises(TrainingError, match="not Python"):
        patched("def", [])


@pytest.mark.parametrize("tool", [["git", "apply"], ["patch", "-p1"]])
@pytest.mark.parametrize("end", ["\n", ""])
def test_the_diff_can_be_applied(tmp_path: Path, tool: list[str], end: str) -> None:
    old = "".join(f"line {i}\n" for i in range(20)) + "last" + end
    new = old.replace("line 3\n", "line three\r\n").replace("last", "the last")
    (tmp_path / "dir").mkdir()
    file = tmp_path / "dir" / "file.py"
    file.write_text(old)
    diff = unified_diff(old, new, "dir/file.py")
    subprocess.run(tool, input=diff.encode(), cwd=tmp_path, check=True, capture_output=True)
    assert file.read_bytes() == new.encode()
    assert unified_diff(old, old, "x") == ""
