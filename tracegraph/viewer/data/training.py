"""What a training of weights measured, step by step, from the events of its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracegraph.runs import Store, sample_events

_POINTS = 400  # of a curve
_KINDS = ("training begun", "training step", "training evaluation", "training end")

Line = Mapping[str, Any]  # a step and what was measured then


@dataclass(frozen=True, slots=True)
class Measured:
    """A training as far as it has come.

    Attributes:
        steps: what was measured of steps, at most some hundreds, evenly chosen.
        evaluations: of evaluations; the last one is of the end, when there is one.
        planned: steps at most; 0 where nobody said.
    """

    steps: Sequence[Line]
    evaluations: Sequence[Line]
    planned: int

    @property
    def last(self) -> int:
        """The step that it has come to."""
        return max((int(line["step"]) for line in [*self.steps, *self.evaluations]), default=0)

    def points(self, name: str) -> list[tuple[float, float]]:
        """Return (step, value) of something that was measured of steps."""
        return _points(self.steps, name)

    def looks(self, name: str, part: str = "") -> list[tuple[float, float]]:
        """Return (step, value) of something that evaluations measured, on one part of them."""
        return _points([line for line in self.evaluations if _part(line) == part], name)

    @property
    def parts(self) -> list[str]:
        """The names of held-out parts that evaluations measured apart."""
        return [part for part in dict.fromkeys(map(_part, self.evaluations)) if part]


def measured(store: Store, run: str) -> Measured:
    """Return what the training of a run measured.

    Where a training went on from a checkpoint, what came after that checkpoint counts no more.
    """
    found = [event for kind in _KINDS for event in sample_events(store, run, kind, _POINTS)]
    steps: list[Line] = []
    evaluations: list[Line] = []
    planned = 0
    for event in sorted(found, key=lambda event: event.id):
        told = event.payload
        if event.kind == "training begun":
            planned = int(told.get("steps", 0))
            steps = [line for line in steps if line["step"] <= told["step"]]
            evaluations = [line for line in evaluations if line["step"] <= told["step"]]
            if told["step"] == 0:
                evaluations = []
        elif event.kind == "training step":
            steps.append(told)
        else:
            evaluations.append(told)
    return Measured(steps, evaluations, planned)


def _part(line: Line) -> str:
    held_out = line.get("held_out")
    return held_out if isinstance(held_out, str) else ""


def _points(lines: Sequence[Line], name: str) -> list[tuple[float, float]]:
    return [
        (float(line["step"]), float(line[name]))
        for line in lines if isinstance(line.get(name), int | float)
    ]  # fmt: skip
