"""Scores: every evaluator right and wrong, joins, what the agent spoiled, what is unsupported."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.fake import FakeDesktop
from tracegraph.envs.desktop.protocol import ExecResult
from tracegraph.envs.desktop.tasks import evaluate, load_tasks, parse_task, unsupported
from tracegraph.envs.desktop.tasks.assets import data_url, fetch, reachable
from tracegraph.envs.desktop.tasks.own.draft import document, workbook
from tracegraph.envs.desktop.tasks.schema import TaskError
from tracegraph.envs.protocol import EvalError, Score

SIZE = (64, 48)
ROWS = [["Thing", "Amount"], ["pens", 3], ["maps", 4.5]]


async def scored(
    evaluator: dict[str, Any], held: dict[str, bytes], last: a.Action | None = None,
    programs: Any = None,
) -> Score:  # fmt: skip
    """Return the score of a desktop that holds these files."""
    desktop = FakeDesktop(files=held, programs=programs)
    await desktop.start()
    task = parse_task({"id": "t", "instruction": "do", "evaluator": evaluator})
    assert unsupported(task) == []
    return await evaluate(task, desktop, last or a.Done(), size=SIZE)


def file_check(func: str, expected: Any = None, options: Any = None) -> dict[str, Any]:
    """Return the evaluator of the file /f."""
    made: dict[str, Any] = {"func": func, "result": {"type": "vm_file", "path": "/f"}}
    if isinstance(expected, bytes):
        made["expected"] = {"type": "cloud_file", "path": data_url(expected)}
    elif expected is not None:
        made["expected"] = {"type": "rule", "rules": expected}
    return made | ({"options": options} if options else {})


def other_rows() -> bytes:
    """Return the workbook with one number changed."""
    return workbook([*ROWS[:2], ["maps", 5]])


def centered() -> bytes:
    """Return a document whose first line is centered, with a page break."""
    import docx

    made = docx.Document()
    made.add_paragraph("one").alignment = 1
    made.add_page_break()
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def odt(*texts: str) -> bytes:
    """Return a document of OpenDocument."""
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    told = "".join(f"<t:p><t:span>{text}</t:span></t:p>" for text in texts)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        packed.writestr(
            "content.xml",
            f'<o:x xmlns:o="{space}office:1.0" xmlns:t="{space}text:1.0">{told}</o:x>',
        )
    return data.getvalue()


def shown(*, frozen: str = "", zoom: int = 100, red: bool = False) -> bytes:
    """Return a workbook with a view of its own."""
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.load_workbook(io.BytesIO(workbook(ROWS)))
    book.active.freeze_panes = frozen or None
    book.active.sheet_view.zoomScale = zoom
    book.active["B2"].font = Font(bold=red, color="FFFF0000" if red else None)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


TABLE = {"rules": [{"type": "sheet_data", "sheet_idx0": "RI0", "sheet_idx1": "EI0"}]}
CELL = {
    "rules": [
        {
            "type": "check_cell", "sheet_idx": 0, "coordinate": "B2",
            "props": {"value": {"method": "eq", "ref": 3}},
        }
    ]
}  # fmt: skip
FUZZY = {
    "rules": [{"type": "sheet_fuzzy", "sheet_idx0": 0, "sheet_idx1": "EI0", "rules": [
        {"range": ["A2:A3"], "type": "includes", "ignore_case": True, "ignore_chars": " "},
        {"range": ["B2"], "type": "exact_match", "trim_leadings": "+"},
    ]}]
}  # fmt: skip
FROZEN = {"rules": [
    {"type": "freeze", "sheet_idx0": 0, "sheet_idx1": "EI0"},
    {"type": "zoom", "sheet_idx": 0, "method": "range.tt", "ref": [100, 150]},
]}  # fmt: skip
STYLE = {"rules": [{"type": "check_cell", "sheet_idx": 0, "coordinate": "B2", "props": {
    "font_bold": {"method": "eq", "ref": True}, "merge": {"method": "eq", "ref": False},
    "font_color": {"method": "re.I", "ref": "ff0000$"},
    "value": {"method": "approx:0.1", "ref": 3.05},
}}]}  # fmt: skip
JSON_RULE = {"expect": [{"key": ["a", 0, "b"], "method": "ge", "ref": 2}]}
CHECKS = [
    (file_check("exact_match", {"expected": "yes"}), b"yes", b"yes "),
    (file_check("literal_match", b"Yes", {"ignore_case": True}), b"yes", b"no"),
    (file_check("match_in_list", {"expected": ["a", "b"]}), b"b", b"c"),
    (file_check("check_include_exclude", {"include": ["x"], "exclude": ["z"]}), b"xy", b"xz"),
    (file_check("check_list", {"expect": [r"^a\d"], "unexpect": ["q"]}), b"a1\nb", b"a1\nq"),
    (file_check("compare_text_file", b"a b\n", {"ignore_blanks": True}), b" a  b", b"ab"),
    (file_check("compare_csv", b"a,b\n1,2\n"), b"a,b\n1,2\n", b"a,b\n1,3\n"),
    (file_check("check_json_settings", {"expected": {"k": 1}}), b'{"k": 1}', b'{"k": 2}'),
    (
        file_check("check_direct_json_object", {"expected": {"k": "it's"}}),
        b'{"k": "it\'s"}',
        b"{'k': 'its'}",
    ),
    (
        file_check(
            "check_direct_json_object",
            {"expected": {"k": ["a", "b"], "n": "x"}, "expect_in_result": True},
        ),
        b"{'k': 'b', 'n': 'yxz'}",
        b"{'k': 'ba', 'n': 'x'}",
    ),
    (
        file_check("check_direct_json_object", {"expected": {"k": [1, 2]}, "ignore_list_order": 1}),
        b'{"k": [2, 1]}',
        b'{"k": [2, 2]}',
    ),
    (file_check("compare_csv", b"a , b\n1,2\n", {"strict": False}), b" a , b\r\n1,2", b"a,b\n1,2"),
    (file_check("check_json", JSON_RULE), b'{"a": [{"b": 2}]}', b'{"a": [{"b": 1}]}'),
    (file_check("check_csv", {"expect": [{"a": 1}]}), b"a,b\n1,2\n", b"a,b\n3,1\n"),
    (file_check("file_contains", {"expected": ["x", "y"]}), b"yx", b"y"),
    (file_check("check_config_status", {"key": "undo", "value": "9"}), b"(undo 9)", b"#undo 9"),
    (
        file_check("check_qt_minimal_view", {"expected_qt_minimal_view": 1}),
        b"qt-minimal-view=1",
        b"#qt-minimal-view=1",
    ),
    (file_check("compare_table", workbook(ROWS), TABLE), workbook(ROWS), other_rows()),
    (file_check("compare_table", None, CELL), workbook(ROWS), workbook([["x"], ["y", 4]])),
    (
        file_check("compare_table", workbook([["x"], ["pen", "+3"], ["ap"]]), FUZZY),
        workbook([["x"], ["p Ens", "3"], ["maps"]]),
        workbook([["x"], ["pens", 4], ["maps"]]),
    ),
    (
        file_check("compare_table", shown(frozen="A2"), FROZEN),
        shown(frozen="A2", zoom=120),
        shown(frozen="A2", zoom=100),
    ),
    (file_check("compare_table", None, STYLE), shown(red=True), shown()),
    (file_check("compare_docx_files", document(["a b"])), document(["a  b", ""]), document(["a"])),
    (
        file_check("compare_docx_files", document(["a", "b"]), {"ignore_order": True}),
        document(["b", "a"]),
        document(["b", "c"]),
    ),
    (file_check("compare_docx_files", document(["a", "b"])), document(["a b"]), document(["ab"])),
    (
        file_check("compare_docx_files", document(["a", "b"]), {"ignore_blanks": False}),
        document(["a", "b"]),
        document(["a b"]),
    ),
    (
        file_check(
            "compare_docx_files",
            document(["A", "", "b"]),
            {"ignore_blanks": False, "ignore_case": True, "delete_empty_lines": True},
        ),
        document(["a", "B"]),
        document(["a", "c"]),
    ),
    (file_check("compare_docx_files", odt("one", "two")), odt("one", "two"), odt("one", "ten")),
    (file_check("is_first_line_centered"), centered(), document(["one"])),
    (file_check("contains_page_break"), centered(), document(["one"])),
]


@pytest.mark.parametrize(("evaluator", "right", "wrong"), CHECKS)
async def test_evaluators_tell_right_from_wrong(
    evaluator: dict[str, Any], right: bytes, wrong: bytes
) -> None:
    assert (await scored(evaluator, {"/f": right})).value == 1
    score = await scored(evaluator, {"/f": wrong})
    assert score.value == 0
    assert score.feedback
    assert (await scored(evaluator, {})).value == 0
    if evaluator["func"] not in ("exact_match", "literal_match", "match_in_list"):
        for data in (b"\xff\x00 broken", b"[]", b"3", b"", b"[" * 100_000):
            assert (await scored(evaluator, {"/f": data})).value < 1


async def test_likeness_is_a_part_of_one() -> None:
    score = await scored(file_check("diff_text_file", b"a\nb\n"), {"/f": b"a\nc\n"})
    assert 0 < score.value < 1


@pytest.mark.parametrize(("conj", "value"), [("and", 0.0), ("or", 1.0)])
async def test_several_functions_are_joined(conj: str, value: float) -> None:
    one, two = (file_check("exact_match", {"expected": text}) for text in ("yes", "no"))
    joined = {key: [one[key], two[key]] for key in one} | {"conj": conj}
    assert (await scored(joined, {"/f": b"yes"})).value == value


async def test_saying_that_it_cannot_be_done() -> None:
    assert (await scored({"func": "infeasible"}, {}, a.Fail())).value == 1
    assert (await scored({"func": "infeasible"}, {}, a.Done())).value == 0
    feasible = file_check("exact_match", {"expected": "yes"})
    assert (await scored(feasible, {"/f": b"yes"}, a.Fail())).value == 0


async def test_what_programs_print_is_read_inside() -> None:
    asked: list[Sequence[str]] = []

    def programs(argv: Sequence[str]) -> ExecResult:
        asked.append(argv)
        return ExecResult(0, "3\n")

    evaluator = {
        "func": "exact_match",
        "result": {"type": "vm_command_line", "command": "wc -l < x"},
        "expected": {"type": "rule", "rules": {"expected": "3\n"}},
    }
    assert (await scored(evaluator, {}, programs=programs)).value == 1
    assert asked == [["sh", "-c", "wc -l < x"]]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"xpath": "//desktop-frame[@name='main']"}, 1), ({"xpath": "//frame"}, 0),
        ({"xpath": "//desktop-frame", "text": "no"}, 0),
    ],
)  # fmt: skip
async def test_the_screen_is_checked_by_its_tree(rule: dict[str, Any], value: float) -> None:
    evaluator = {
        "func": "check_accessibility_tree", "result": {"type": "accessibility_tree"},
        "expected": {"type": "rule", "rules": [rule]},
    }  # fmt: skip
    assert (await scored(evaluator, {})).value == value


async def test_settings_of_the_browser_are_read_where_it_keeps_them() -> None:
    held = {"/home/user/.config/chromium/Default/Preferences": b'{"enable_do_not_track": true}'}
    evaluator = {
        "func": "exact_match", "result": {"type": "enable_do_not_track"},
        "expected": {"type": "rule", "rules": {"expected": "true"}},
    }  # fmt: skip
    assert (await scored(evaluator, held)).value == 1
    assert (await scored(evaluator, {})).value == 0


async def test_a_fault_of_the_task_is_no_score() -> None:
    with pytest.raises(EvalError):
        await scored(file_check("check_json", {"expect": [{"key": ["a"]}]}), {"/f": b"{}"})
    with pytest.raises(EvalError):
        await scored(file_check("compare_table", b"no workbook", TABLE), {"/f": workbook(ROWS)})


def test_what_is_not_supported_is_named(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACEGRAPH_DESKTOP_ENV", raising=False)
    monkeypatch.setenv("TRACEGRAPH_CACHE", str(tmp_path))  # where desktop-env is not
    task = {
        "id": "x", "instruction": "do", "snapshot": "chrome", "source": "", "trajectory": "t/",
        "proxy": False, "config": [{"type": "googledrive", "parameters": {}}],
        "evaluator": {
            "func": ["compare_archive", "compare_table", "compare_docx_files"],
            "result": [{"type": "page_info"}, *[{"type": "rule"}] * 2],
            "expected": [{"type": "cloud_file", "path": "https://example.org/x"}, None, None],
            # Options that are not heeded here are no reason to score without them.
            "options": [{}, {"rules": [{"type": "chart"}]}, {"reorder": True}],
        },
    }  # fmt: skip
    path = tmp_path / "t.json"
    path.write_text(json.dumps(task))
    (loaded,) = load_tasks(path)
    found = unsupported(loaded)
    assert [one.partition(" (")[0] for one in found] == [
        "evaluator compare_archive",
        "evaluator compare_docx_files",
        "evaluator compare_table",
        "getter cloud_file of https://example.org/x",
        "getter page_info",
        "setup googledrive",
    ]
    assert "desktop-env" in found[0]


def test_files_of_tasks_come_from_a_copy(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "copy"
    (folder / "os" / "a b").mkdir(parents=True)
    (folder / "os" / "a b" / "x.txt").write_bytes(b"held")
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    base = "https://files.example/datasets/cache/resolve/main"
    held = f"{base}/os/a%20b/x.txt?download=true"
    assert not reachable(held)
    with pytest.raises(TaskError, match="TRACEGRAPH_OSWORLD_FILES"):
        fetch(held)
    monkeypatch.setenv("TRACEGRAPH_OSWORLD_FILES", str(folder))
    assert reachable(held)
    assert fetch(held) == b"held"
    for other in ("none", "../secret", "%2e%2e/secret", "link", "os", ""):
        assert not reachable(f"{base}/{other}"), other
        with pytest.raises(TaskError):
            fetch(f"{base}/{other}")
