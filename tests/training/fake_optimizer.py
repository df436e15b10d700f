"""An optimizer that proposes what it was told to, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracegraph.optimizers import Proposal, Step


class FakeOptimizer:
    name = "fake"
    kinds = frozenset({"text", "code", "int", "float", "choice", "bool", "list", "json"})

    def __init__(self, *values: dict[str, Any], rounds: int = 1) -> None:
        self.values = values
        self.steps: list[Step] = []
        self._rounds = rounds

    def rounds(self, step: Step) -> int:
        return self._rounds

    async def propose(self, step: Step) -> list[Proposal]:
        self.steps.append(step)
        # A function of the step, as every optimizer: the first that was not tried.
        tried = [dict(trial.values) for trial in step.history]
        new = [v for v in self.values if {**step.values, **v} not in tried]
        return [Proposal(v, self.name, "as told") for v in new[: step.count]]


def by_id(steps: Sequence[Step]) -> list[str]:
    return [step.candidate for step in steps]
