"""The parts that generators build tasks from: files, checks, steps of oracles."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracegraph.envs.desktop.actions import Action, Fail, Keys, Type, to_record
from tracegraph.envs.desktop.tasks.assets import data_url
from tracegraph.envs.desktop.tasks.schema import Level
from tracegraph.errors import MissingExtraError

HOME = "/home/user"
Json = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """A task before it has an id.

    Attributes:
        instruction: what the agent is told.
        evaluator: as in the schema.
        config: what prepares the desktop.
        oracle: what solves it.
        apps: which applications it is about.
        level: how far it is; ``steps`` is what an agent may take.
    """

    instruction: str
    evaluator: Json
    config: list[Json] = field(default_factory=list)
    oracle: list[Json] = field(default_factory=list)
    apps: tuple[str, ...] = ()
    level: Level = "easy"
    steps: int = 15


def step(kind: str, **parameters: Any) -> Json:
    """Return a step of a setup."""
    return {"type": kind, "parameters": parameters}


def files(contents: Mapping[str, str | bytes]) -> Json:
    """Return the step that puts files at their paths."""
    listed = [
        {"path": path, "url": data_url(data.encode() if isinstance(data, str) else data)}
        for path, data in contents.items()
    ]
    return step("download", files=listed)


def run(*argv: str) -> Json:
    """Return the step that runs a program to its end."""
    return step("execute", command=list(argv))


def act(action: Action) -> Json:
    """Return the step that carries out an action."""
    return step("act", **to_record(action))


def keys(*chords: str) -> list[Json]:
    """Return steps that press chords, each written as ``ctrl+s``."""
    return [act(Keys(tuple(chord.split("+")))) for chord in chords]


def write(text: str) -> Json:
    """Return the step that types a text."""
    return act(Type(text))


def pause(seconds: float = 1.0) -> Json:
    """Return the step that waits."""
    return step("sleep", seconds=seconds)


def retype(text: str) -> list[Json]:
    """Return steps that replace all of an open document and save it."""
    return [*keys("ctrl+a"), write(text), *keys("ctrl+s"), pause()]


def save_as(path: str) -> list[Json]:
    """Return steps that save a new document of the editor under a path."""
    # The first Enter may go to the list of completions only.
    return [
        *keys("ctrl+s"), pause(), *keys("ctrl+a"), write(path), pause(0.7), *keys("enter"),
        pause(0.7), *keys("enter"), pause(),
    ]  # fmt: skip


def save_in_office() -> list[Json]:
    """Return steps that save a document of LibreOffice and keep its format, asked or not."""
    return [*keys("ctrl+s"), pause(2), *keys("enter"), pause(2)]


def cells(place: str, rows: Sequence[Sequence[Any]]) -> list[Json]:
    """Return steps that write rows into an open sheet, the first value at a place."""
    typed = "".join("\t".join(str(value) for value in row) + "\n" for row in rows)
    # An office just opened has its window before it takes shortcuts.
    return [pause(1.5), *keys("ctrl+shift+t"), pause(0.4), write(f"{place}\n"), write(typed)]


def printed(expected: str, *argv: str) -> Json:
    """Return the evaluator of what a program prints inside."""
    return {
        "func": "exact_match",
        "result": {"type": "vm_command_line", "command": list(argv)},
        "expected": {"type": "rule", "rules": {"expected": expected}},
    }


def text_file(path: str, lines: Sequence[str]) -> Json:
    """Return the evaluator of a text file's lines; the last line may lack its end."""
    expected = "".join(f"{line}\n" for line in lines)
    return printed(expected, "sed", "-e", "$a\\", path)


def shell(expected: str, script: str) -> Json:
    """Return the evaluator of what a shell script prints inside."""
    return printed(expected, "sh", "-c", script)


def all_of(*evaluators: Json) -> Json:
    """Return the evaluator that wants all of several."""
    return {
        "func": [one["func"] for one in evaluators],
        "result": [one["result"] for one in evaluators],
        "expected": [one.get("expected") for one in evaluators],
        "options": [one.get("options") for one in evaluators],
        "postconfig": [step for one in evaluators for step in one.get("postconfig", [])],
        "conj": "and",
    }


def workbook(rows: Sequence[Sequence[Any]], title: str = "Sheet1") -> bytes:
    """Return an .xlsx file with one sheet."""
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError("desktop", "openpyxl") from error
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def same_table(path: str, rows: Sequence[Sequence[Any]], title: str = "Sheet1") -> Json:
    """Return the evaluator of a workbook's first sheet."""
    return {
        "func": "compare_table",
        "result": {"type": "vm_file", "path": path},
        "expected": {"type": "cloud_file", "path": data_url(workbook(rows, title))},
        "postconfig": [pause(2)],  # saving takes a while
        "options": {"rules": [{"type": "sheet_data", "sheet_idx0": "RI0", "sheet_idx1": "EI0"}]},
    }


def document(paragraphs: Sequence[str]) -> bytes:
    """Return a .docx file."""
    try:
        import docx
    except ImportError as error:
        raise MissingExtraError("desktop", "python-docx") from error
    made = docx.Document()
    for text in paragraphs:
        made.add_paragraph(text)
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def same_document(path: str, paragraphs: Sequence[str]) -> Json:
    """Return the evaluator of a document's text."""
    return {
        "func": "compare_docx_files",
        "result": {"type": "vm_file", "path": path},
        "expected": {"type": "cloud_file", "path": data_url(document(paragraphs))},
        "postconfig": [pause(2)],
    }


def give_up(reason: str) -> list[Json]:
    """Return the oracle of what cannot be done."""
    return [act(Fail(reason))]
