"""Tasks in OSWorld's JSON, as it is; what is ours besides stands under ``x_tracegraph``.

Source: OSWorld's evaluation examples; a task file of theirs loads unchanged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tracegraph.errors import TracegraphError

Level = Literal["easy", "medium", "long"]


class TaskError(TracegraphError):
    """A task file is broken or asks for something that is not there."""


class Step(BaseModel):
    """A step of a setup, of what comes before the evaluation, or of an oracle."""

    model_config = ConfigDict(extra="allow")
    type: str
    parameters: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One function of an evaluation.

    Attributes:
        func: its name.
        result, expected: the settings of the getters; None when there is none.
        options: of the function.
    """

    func: str
    result: dict[str, Any] | None
    expected: dict[str, Any] | None
    options: dict[str, Any]

    @property
    def getters(self) -> list[dict[str, Any]]:
        """The settings of its getters."""
        return [one for one in (self.result, self.expected) if one]


class Evaluator(BaseModel):
    """How the result of a task is judged: functions over what getters return.

    With a list in ``func`` the other fields are lists beside it, joined by ``conj``.
    """

    model_config = ConfigDict(extra="allow")
    func: str | list[str]
    result: dict[str, Any] | list[dict[str, Any]] = Field(default_factory=dict)
    expected: dict[str, Any] | list[dict[str, Any] | None] | None = None
    options: dict[str, Any] | list[dict[str, Any] | None] | None = None
    conj: Literal["and", "or"] = "and"
    postconfig: list[Step] = Field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        """Each function with its result, its expected value and its options."""
        several = isinstance(self.func, list)
        functions = self.func if isinstance(self.func, list) else [self.func]

        def beside(value: Any, number: int) -> Any:
            return value[number] if several and isinstance(value, list) and value else value

        return [
            Part(
                name,
                beside(self.result, number) or None,
                beside(self.expected, number) or None,
                beside(self.options, number) or {},
            )
            for number, name in enumerate(functions)
        ]


class Own(BaseModel):
    """What is ours: where a task comes from, how hard it is, and how it can be done.

    ``oracle`` holds steps; besides those of a setup, ``act`` carries out an action record.
    """

    model_config = ConfigDict(extra="forbid")
    generator: str = ""
    seed: int = 0
    level: Level = "easy"
    steps: int = 15
    oracle: list[Step] = Field(default_factory=list)


class GuiTask(BaseModel):
    """A task for an agent at a desktop; without an evaluator it is a wish that nobody judges."""

    model_config = ConfigDict(extra="allow")
    id: str
    instruction: str
    evaluator: Evaluator | None = None
    config: list[Step] = Field(default_factory=list)
    snapshot: str = ""
    source: Any = ""
    related_apps: list[str] = Field(default_factory=list)
    x_tracegraph: Own = Field(default_factory=Own)

    @property
    def infeasible(self) -> bool:
        """Whether saying that it cannot be done is what is right."""
        return self.evaluator is not None and self.evaluator.func == "infeasible"


def parse_task(told: dict[str, Any] | str, *, name: str = "the task") -> GuiTask:
    """Return a task from JSON or from what JSON held.

    Raises:
        TaskError: it is no task; the message says which field is wrong.
    """
    try:
        if isinstance(told, str):
            return GuiTask.model_validate_json(told)
        return GuiTask.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise TaskError(f"{name} is no OSWorld task: {where}: {first['msg']}") from error


def load_tasks(path: Path) -> list[GuiTask]:
    """Return the tasks of a file, or of all ``.json`` files below a folder, by name.

    A file holds one task, a list of tasks, or one task a line (``.jsonl``).

    Raises:
        TaskError: there is no such file, or one of the tasks is broken.
    """
    if path.is_dir():
        files = sorted(path.rglob("*.json"))
        if not files:
            raise TaskError(f"{path} has no .json files with tasks in them")
        return [task for file in files for task in load_tasks(file)]
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            told = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            told = json.loads(text)
    except (OSError, ValueError) as error:
        raise TaskError(f"{path} cannot be read as a task: {error}") from error
    return [parse_task(one, name=str(path)) for one in (told if isinstance(told, list) else [told])]


def filled(value: Any, *, width: int, height: int, password: str = "password") -> Any:
    """Return a JSON value with OSWorld's placeholders replaced in all its texts."""
    places = {
        "{CLIENT_PASSWORD}": password,
        "{SCREEN_WIDTH}": str(width), "{SCREEN_WIDTH_HALF}": str(width // 2),
        "{SCREEN_HEIGHT}": str(height), "{SCREEN_HEIGHT_HALF}": str(height // 2),
    }  # fmt: skip
    if isinstance(value, str):
        for place, text in places.items():
            value = value.replace(place, text)
        return value
    if isinstance(value, list):
        return [filled(one, width=width, height=height, password=password) for one in value]
    if isinstance(value, dict):
        return {
            key: filled(one, width=width, height=height, password=password)
            for key, one in value.items()
        }
    return value
