"""Tasks: word problems with labels, and where they are read from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracegraph.envs.solver.answer import to_number
from tracegraph.envs.solver.form import Form
from tracegraph.envs.solver.labels import Flaw, flaws
from tracegraph.errors import TracegraphError


class DataError(TracegraphError):
    """A file of problems cannot be read."""


@dataclass(frozen=True, slots=True)
class SolverTask:
    """One word problem.

    Attributes:
        id: unique in its data set.
        question: the problem in words, with tables where it has some.
        label: the right values by name, as written (the objective last); or one value; or a
            status class (infeasible, unbounded). Empty when there is none.
        kind: the class of the data set, as "linear-table".
        flaw: what is known to be wrong with the label.
        form: the model that the data set states, where it states one.
    """

    id: str
    question: str
    label: Mapping[str, str] | float | str = ""
    kind: str = ""
    flaw: Flaw | None = None
    form: Form | None = field(default=None, compare=False)

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the values that are asked for; the objective is the last."""
        return tuple(self.label) if isinstance(self.label, Mapping) else ("objective",)

    @property
    def objective(self) -> str:
        """The objective's label as it is written, or the status class."""
        if isinstance(self.label, Mapping):
            return str(self.label[self.keys[-1]]) if self.label else ""
        return str(self.label)


def load(path: Path) -> list[SolverTask]:
    """Return the tasks of a file.

    It may be OptiBench.json or NL4OPT-E.json (a list of question, index, type, results), NL4OPT's
    structured JSON lines, or plain JSON lines with ``question`` and, where known, ``id``,
    ``answer`` (a number, a status, or an object of values by name) and ``kind``.

    Raises:
        DataError: the file is none of these, with the place.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read: {error}; give --data a file of problems"
        ) from error
    try:
        if text.lstrip().startswith("["):
            rows = json.loads(text)
        else:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        known = flaws(path.stem.lower())
        return [_task(row, n, known) for n, row in enumerate(rows)]
    except KeyError as error:
        raise DataError(f"{path} is no file of problems: a row lacks {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no file of problems: {error!r}") from error


def _task(row: dict[str, Any], number: int, known: Mapping[str, Flaw]) -> SolverTask:
    if len(row) == 1 and isinstance(inner := next(iter(row.values())), dict):
        from tracegraph.envs.solver.nl4opt import task_of

        return task_of(next(iter(row)), inner)
    name = str(row.get("id", row.get("index", number)))
    label = row.get("results", row.get("answer", row.get("label", "")))
    if isinstance(label, dict):
        label = {str(key): str(value) for key, value in label.items()}
    elif not isinstance(label, str):
        label = "" if label is None else float(label)
    elif to_number(label) is None and label not in ("infeasible", "unbounded", ""):
        label = _STATUSES.get(label.strip().lower(), "")
    kind = str(row.get("type", row.get("kind", "")))
    return SolverTask(name, str(row["question"]), label, kind, known.get(name))


# How data sets write that there is no optimum.
_STATUSES = {"no best solution": "infeasible", "no solution": "infeasible", "none": "infeasible"}


def stratified(tasks: list[SolverTask], limit: int) -> list[SolverTask]:
    """Return at most ``limit`` tasks, every kind in its share, evenly spread, in order."""
    if limit <= 0 or limit >= len(tasks):
        return tasks
    kinds: dict[str, list[int]] = {}
    for n, task in enumerate(tasks):
        kinds.setdefault(task.kind, []).append(n)
    # The largest remainders get what rounding down leaves over.
    shares = {kind: limit * len(at) / len(tasks) for kind, at in kinds.items()}
    counts = {kind: int(share) for kind, share in shares.items()}
    rest = sorted(shares, key=lambda kind: (counts[kind] - shares[kind], kind))
    for kind in rest[: limit - sum(counts.values())]:
        counts[kind] += 1
    chosen = [
        at[(2 * i + 1) * len(at) // (2 * counts[kind])]
        for kind, at in kinds.items()
        for i in range(counts[kind])
    ]
    return [tasks[n] for n in sorted(chosen)]
