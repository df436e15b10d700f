"""Blind solutions: a solver that sees the question alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from tracegraph.agents.episode import Turn


@dataclass(frozen=True, slots=True)
class Solved:
    """One blind solution.

    Attributes:
        status: of the solver's run, as "optimal" or "error".
        objective: the optimum that it found.
        code: the program.
        model: the name of the model that wrote it.
        turns: the model's calls.
    """

    status: str
    objective: float | None
    code: str = ""
    model: str = ""
    turns: list[Turn] = field(default_factory=list)


class Blind(Protocol):
    """Solves a question; ``seed`` makes it repeatable, and different from other solutions."""

    async def __call__(self, question: str, seed: int) -> Solved:
        """Return a solution; faults of the program are a status."""
