"""A demonstration built step by step: each constraint is run before the next one is written."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from tracegraph.agents.resocratic import program, writing
from tracegraph.agents.resocratic.calls import Calls
from tracegraph.agents.resocratic.demonstration import Demonstration, Section
from tracegraph.agents.resocratic.formal import FormalError, Relation
from tracegraph.agents.resocratic.prompts import Prompts
from tracegraph.agents.resocratic.seeds import Seed
from tracegraph.agents.resocratic.stages import Passage, Stage
from tracegraph.agents.resocratic.stated import plain
from tracegraph.agents.resocratic.target import Target
from tracegraph.agents.resocratic.verify import close, execute
from tracegraph.envs.solver import SolverPool
from tracegraph.models import SchemaError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Level:
    """A prefix of a demonstration, and whether its last constraint changes the optimum."""

    demonstration: Demonstration
    binding: bool = True


@dataclass(slots=True)
class Stepwise:
    """Asks a model for one step after the other.

    Attributes:
        prompts: how.
        calls: the model's calls.
        pool: where programs run.
        target: what to aim at.
        example: shown to the model.
        tries: how often a step is asked for.
        log: what happened.
    """

    prompts: Prompts
    calls: Calls
    pool: SolverPool
    target: Target
    example: Seed
    tries: int
    log: list[Passage]

    async def build(self) -> list[Level]:
        """Return the levels that came about; none where the variables or the objective failed."""
        shown = self.example.demonstration

        async def begin(complaint: str, last: bool) -> tuple[Demonstration, str]:
            story, variables = await writing.write_variables(
                self.prompts.variables, self.calls, self.target, shown, complaint
            )
            # The objective is still to come: any will do until then.
            goal = Section("", (f"{self.target.sense} {variables[0].symbol}",))
            return Demonstration(story, variables, goal), "model"

        started = await self._try("variables", "variables", begin)
        if started is None:
            return []

        async def aim(complaint: str, last: bool) -> tuple[Demonstration, str]:
            section = await writing.write_objective(
                self.prompts.objective, self.calls, self.target, shown, started.story,
                started.variables, complaint,
            )  # fmt: skip
            made = replace(started, objective=section)
            words, by = self._stating(section, made, started.story, last)
            return replace(made, objective=words), by

        current = await self._try("objective", "objective", aim)
        levels: list[Level] = []
        optimum: float | None = None
        for number, relation in enumerate(self._relations(), 1):
            if current is None:
                break
            step = _Step(self, current, relation, optimum)
            made = await self._try("constraint", f"constraint-{number}", step.write)
            if made is None:
                break
            levels.append(Level(made, not close(step.optimum, optimum or float("nan"))))
            current, optimum = made, step.optimum
        return levels

    def _relations(self) -> list[Relation]:
        """Return the direction of each constraint; the first one keeps the objective in bounds."""
        rng = random.Random(f"{self.target.id} relations")
        first: Relation = "<=" if self.target.sense == "maximize" else ">="
        other: Relation = ">=" if first == "<=" else "<="
        rest: list[Relation] = [
            first if rng.random() < 0.7 else other for _ in range(1, self.target.constraints)
        ]
        return [first, *rest]

    async def _try(
        self, stage: Stage, item: str,
        step: Callable[[str, bool], Awaitable[tuple[T, str]]],
    ) -> T | None:  # fmt: skip
        """Ask for a step until it can be used, each time with what was wrong before."""
        why = ""
        for count in range(1, self.tries + 1):
            try:
                made, by = await step(
                    f"The last try failed: {why}." if why else "", count == self.tries
                )
            except (FormalError, SchemaError) as error:
                why = str(error)[:300]
                continue
            self.log.append(Passage(stage, item, True, "", count, by))
            return made
        self.log.append(Passage(stage, item, False, why, self.tries))
        return None

    def _stating(
        self, section: Section, made: Demonstration, before: str, last: bool
    ) -> tuple[Section, str]:
        """Return a section whose words state its numbers; the code writes them at the last try."""
        missing = writing.missing_numbers(section, before)
        if not missing:
            return section, "model"
        words = writing.reworded(section, made) if last else None
        if words is None:
            told = ", ".join(map(plain, missing))
            raise FormalError(f"the text does not state all numbers of the formula: {told}")
        return words, "code"


class _Step:
    """One more constraint: written, stated, feasible, and of use."""

    def __init__(
        self, around: Stepwise, before: Demonstration, relation: Relation, optimum: float | None
    ) -> None:
        self._around, self._before, self._relation = around, before, relation
        self._known = optimum
        self.optimum = float("nan")

    async def write(self, complaint: str, last: bool) -> tuple[Demonstration, str]:
        around, before = self._around, self._before
        section = await writing.write_constraint(
            around.prompts.constraint, around.calls, around.target, around.example.demonstration,
            before, self._relation, complaint,
        )  # fmt: skip
        made = replace(before, constraints=(*before.constraints, section))
        words, by = around._stating(section, made, before.words, last)
        made = replace(before, constraints=(*before.constraints, words))
        run = await execute(program.write(made), around.pool)
        if run.status != "optimal" or run.objective is None:
            reason = _REASONS.get(run.status, f"the solver says {run.status} {run.error}")
            raise FormalError(reason)
        if self._known is not None and close(run.objective, self._known) and not last:
            raise FormalError("it does not change the best plan: choose a tighter limit")
        self.optimum = run.objective
        return made, by


_REASONS = {
    "infeasible": "no plan satisfies this together with the other constraints: loosen the limit",
    "unbounded": "the objective can still grow without end: let every variable use the resource",
}
