"""What a notebook task is, what an agent does in it, and what it sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tracegraph.envs.protocol import Score

Status = Literal["ready", "ok", "error", "timeout", "died", "answered"]


@dataclass(frozen=True, slots=True)
class NotebookTask:
    """A question about some files.

    Attributes:
        files: by their names in the notebook's folder, paths on this machine; read-only inside.
        judge: scores the final answer; without it ``evaluate`` raises EvalError.
    """

    id: str
    question: str
    files: Mapping[str, Path] = field(default_factory=dict)
    judge: Callable[[str], Score] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Run code; a thought becomes a Markdown cell before it."""

    code: str
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of the episode; becomes the last Markdown cell."""

    text: str
    thought: str = ""


Action = Cell | Answer


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, and what it shows as text: size, title, axes, series."""

    png: bytes
    summary: str


NO_OUTPUT = "(no output)"


@dataclass(frozen=True, slots=True)
class CellOutput:
    """What a step led to.

    Attributes:
        text: what the model reads, of bounded length; it says how much was left out. Not escaped.
        error: short, as ``ValueError: …``; empty when all went well.
        seconds: from the start of the cell to its end.
        restarted: the kernel is another one; the cells that had succeeded were run again.
    """

    status: Status
    text: str
    figures: tuple[Figure, ...] = ()
    error: str = ""
    seconds: float = 0.0
    restarted: bool = False

    @property
    def silent(self) -> bool:
        """Whether the cell ran and showed nothing: no text, no figure."""
        return self.status == "ok" and self.text.strip() in ("", NO_OUTPUT) and not self.figures
