"""The questions and labels as published, and the tasks that they become."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tracegraph.agents.datarus.dabench.scoring import score
from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracegraph.envs.notebook import NotebookTask

# The names of the files: ours, and those of the publisher.
_QUESTIONS = ("questions.jsonl", "da-dev-questions.jsonl")
_LABELS = ("labels.jsonl", "da-dev-labels.jsonl")
_TABLES = ("tables", "da-dev-tables")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answers.

    Attributes:
        answers: the right values by name.
        table: its CSV file.
    """

    id: str
    question: str
    constraints: str
    format: str
    concepts: tuple[str, ...]
    level: str
    table: Path
    answers: dict[str, str]

    @property
    def text(self) -> str:
        """The question with its constraints and the form of its answer, as one text."""
        return (
            f"{self.question.strip()}\n\nConstraints: {self.constraints.strip()}\n\n"
            f"Form of the answer: {self.format.strip()}"
        )


class _Row(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str
    question: str
    concepts: tuple[str, ...] = ()
    constraints: str = ""
    format: str = ""
    file_name: str
    level: str = ""


class _Label(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str
    common_answers: tuple[tuple[str, str], ...]


def load(folder: Path, *, levels: Iterable[str] = (), limit: int | None = None) -> list[Question]:
    """Return the questions of a folder that have labels and tables, in the order of the file.

    Args:
        folder: with questions, labels and tables, as published.
        levels: only those of these levels: "easy", "medium", "hard".
        limit: the first so many.

    Raises:
        TracegraphError: a file is missing or a line is wrong.
    """
    wanted = set(levels)
    labels = {row.id: dict(row.common_answers) for row in _rows(_one_of(folder, _LABELS), _Label)}
    tables = _one_of(folder, _TABLES)
    found = []
    for row in _rows(_one_of(folder, _QUESTIONS), _Row):
        table = tables / row.file_name
        if row.id not in labels or not table.is_file() or (wanted and row.level not in wanted):
            continue
        given = row.model_dump(exclude={"file_name"})
        found.append(Question(**given, table=table, answers=labels[row.id]))
    if not found:
        raise TracegraphError(f"{folder} has no question with a label and a table that fits")
    return found[:limit]


def to_task(question: Question) -> NotebookTask:
    """Return a question as a task of the notebook, judged by its labels."""
    from tracegraph.envs.notebook import NotebookTask

    judge = functools.partial(score, question.answers)
    files = {question.table.name: question.table}
    return NotebookTask(question.id, question.text, files, judge)


def _one_of(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise TracegraphError(f"{folder} has no {names[0]}: name the folder of DABench with --data")


def _rows(path: Path, kind: Any) -> list[Any]:
    rows = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(kind.model_validate(json.loads(line)))
        except (ValueError, ValidationError) as error:
            raise TracegraphError(f"{path}, line {number}: {error}") from error
    return rows
