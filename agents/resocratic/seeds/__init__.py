"""Seeds, one Markdown file each: a demonstration, a program written by hand, the optimum."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tracegraph.agents.resocratic.demonstration import Demonstration, read
from tracegraph.agents.resocratic.formal import FormalError

__all__ = ["Seed", "load_seeds", "read_seed"]

_PARTS = re.compile(r"---\n(.*?)\n---\n(.*)\n## Program:\n```python\n(.*?)```\s*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Seed:
    """A verified example to write others after.

    Attributes:
        id: the name of its file.
        domain: what it is about.
        kind: "linear" or "nonlinear", as it declares; the verifier compares.
        table: whether its text holds a table.
        text: the demonstration as it is written.
        program: a PySCIPOpt program, written by hand and not from the formal lines.
        optimum: the optimal value of the objective.
        hash: of the whole file, for the record.
    """

    id: str
    domain: str
    kind: str
    table: bool
    text: str
    program: str
    optimum: float
    hash: str

    @property
    def demonstration(self) -> Demonstration:
        """The text, read."""
        return read(self.text)


def load_seeds(folder: Path | None = None) -> list[Seed]:
    """Return the seeds of a folder in the order of their names; None is those of the package.

    Raises:
        FormalError: a file cannot be read.
    """
    found = folder if folder is not None else resources.files(__name__)
    files = sorted((f for f in found.iterdir() if f.name.endswith(".md")), key=lambda f: f.name)
    return [read_seed(file.read_text(encoding="utf-8"), file.name) for file in files]


def read_seed(text: str, name: str) -> Seed:
    """Return the seed that a file's text holds.

    Raises:
        FormalError: the front matter, the demonstration or the program is missing.
    """
    match = _PARTS.match(text)
    if match is None:
        raise FormalError(f"{name} is no seed: front matter, sections, and ## Program: with code")
    head = dict(_fields(match[1].splitlines()))
    try:
        return Seed(
            head["id"], head["domain"], head["kind"], head["table"] == "yes", match[2].strip(),
            match[3], float(head["optimum"]), hashlib.sha256(text.encode()).hexdigest()[:12],
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise FormalError(f"the front matter of {name} lacks {error}") from error


def _fields(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        key, _, value = line.partition(":")
        yield key.strip(), value.strip()
