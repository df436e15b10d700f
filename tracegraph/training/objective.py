"""An objective: any function of values, run in a recording, its outcome a trial and problems."""

from __future__ import annotations

import asyncio
import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.graph.errors import LearnedCodeError
from tracegraph.graph.recording import record
from tracegraph.models.errors import BudgetExceeded
from tracegraph.optimizers.optimizer import Trial
from tracegraph.optimizers.problem import Problem, Variable, as_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from tracegraph.graph.node import Node
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.graph.recording import Recording

    Result = float | tuple[float, str]
    Function = Callable[[dict[str, Any]], Result | Awaitable[Result]]

Direction = Literal["maximize", "minimize"]
_EXAMPLE = "objective"


@dataclass(frozen=True, slots=True)
class Objective:
    """What is to be made as high, or as low, as possible.

    Attributes:
        function: of the values by name; returns a number, or a number and what to say about it.
        parameters: what may change, by name.
        direction: whether a higher or a lower number is better.
        about: what it measures, in words.
        repeats: how often it is asked for one trial.
        threads: whether a function that is not asynchronous runs beside others, in a thread.
    """

    function: Function
    parameters: Mapping[str, ParameterNode[Any]]
    direction: Direction = "maximize"
    about: str = ""
    repeats: int = 1
    threads: bool = False

    @property
    def sign(self) -> int:
        """What makes a number a score, of which a higher one is better."""
        return 1 if self.direction == "maximize" else -1

    @property
    def text(self) -> str:
        """What is wanted, in words."""
        wanted = "Make the score as high as possible."
        if self.sign < 0:
            wanted = "Make the number as low as possible; the score is minus that number."
        return f"{self.about}\n{wanted}".strip()

    async def trial(self, name: str, values: Mapping[str, Any]) -> tuple[Trial, list[Problem]]:
        """Return what came of some values: a trial, and a problem for each repeat.

        Raises:
            BudgetExceeded: what the objective calls may cost no more.
        """
        scores: dict[str, float] = {}
        feedback: dict[str, str] = {}
        failure = ""
        problems = []
        for repeat in range(self.repeats):
            example = _EXAMPLE if self.repeats == 1 else f"{_EXAMPLE} {repeat + 1}"
            run = None
            score = None
            try:
                run = record(name=name, values={self.parameters[k]: v for k, v in values.items()})
                async with run:
                    result = await self._called(dict(values))
                number, said = result if isinstance(result, tuple) else (result, "")
                if not math.isfinite(number):
                    raise ValueError(f"the objective is {number}")
                score = scores[example] = self.sign * float(number)
                feedback[example] = said or self._said(float(number))
            except BudgetExceeded:
                raise
            except Exception as error:  # whatever the objective raises is a failed trial
                kind = error.kind if isinstance(error, LearnedCodeError) else type(error).__name__
                failure = feedback[example] = f"{kind}: {error}"
            problems.append(self._problem(run, values, example, score, feedback[example]))
        return Trial(name, values, scores, feedback=feedback, problem=failure), problems

    async def _called(self, values: dict[str, Any]) -> Result:
        if self.threads and not inspect.iscoroutinefunction(self.function):
            result = await asyncio.to_thread(self.function, values)
        else:
            result = self.function(values)
        return await result if inspect.isawaitable(result) else result

    def _problem(
        self,
        run: Recording | None,
        values: Mapping[str, Any],
        example: str,
        score: float | None,
        feedback: str,
    ) -> Problem:
        """Return the last recorded call, or the one that failed, with what it depends on.

        Where the objective calls no bundled function, it is shown as the only call.
        """
        ends: Sequence[Node[Any]] = run.outputs[-1:] if run else ()
        if run and score is None:
            ends = run.failed[-1:] or ends
        if run and ends:
            graph = run.judged(list(ends), feedback, score)
            return Problem.of(graph, parameters=self.parameters, example=example)
        arguments = ", ".join(f"{name}={name}" for name in values)
        return Problem(
            lines=(f"number = objective({arguments})",),
            documentation={"objective": self.about or "what is to be improved"},
            variables=tuple(self._variable(name, value) for name, value in values.items()),
            inputs={},
            others={},
            outputs={"number": as_text(None if score is None else self.sign * score)},
            feedback=feedback,
            score=score,
            example=example,
        )

    def _variable(self, name: str, value: Any) -> Variable:
        parameter = self.parameters[name]
        return Variable(
            name, value, parameter.kind, parameter.constraint or "", parameter.description or ""
        )

    def _said(self, number: float) -> str:
        wanted = "higher" if self.sign > 0 else "lower"
        return f"the number is {number:.6g}; {wanted} is better"
