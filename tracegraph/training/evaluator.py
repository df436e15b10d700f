"""Candidates on many examples: side by side, never twice, never a failure that was not theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tracegraph.models.scope import surroundings
from tracegraph.training.errors import TrainingError
from tracegraph.training.evaluation import Evaluated, evaluate

if TYPE_CHECKING:
    from tracegraph.graph.recording import Flow
    from tracegraph.training.candidate import Candidate
    from tracegraph.training.data import Example
    from tracegraph.training.guide import Guide
    from tracegraph.training.ledger import Ledger
    from tracegraph.training.workflow import Workflow

T = TypeVar("T")
Part = Literal["train", "validation", "test"]

_ATTEMPTS = 3
_PAUSE = 1.0  # seconds before an example is tried again whose surroundings failed


class Evaluator:
    """Runs candidates on examples and keeps what came out.

    Args:
        workflow, guide, ledger: what to run, who judges, where it is kept.
        concurrency: how many examples run at once.
        repeats: how often each example is run, for metrics that differ from time to time.
        flow, timeout: as for `evaluate`.
        on_done: told of each new evaluation.
    """

    def __init__(
        self,
        workflow: Workflow,
        guide: Guide,
        ledger: Ledger,
        *,
        concurrency: int = 16,
        repeats: int = 1,
        flow: Flow = "native",
        timeout: float | None = None,
        on_done: Callable[[str, Evaluated], None] = lambda candidate, done: None,
    ) -> None:
        self.workflow = workflow
        self.guide = guide
        self.ledger = ledger
        self.repeats = repeats
        self.concurrency = concurrency
        self.flow: Flow = flow
        self.timeout = timeout
        self.on_done = on_done
        self.trouble = ""  # why the last example was left out that was
        self._places = asyncio.Semaphore(concurrency)

    async def run(
        self, candidate: Candidate, examples: Sequence[Example], part: Part
    ) -> dict[str, list[Evaluated]]:
        """Return what a candidate did, by example: one evaluation a repeat.

        Examples whose surroundings failed (a model server, the guide) are left out.

        Raises:
            BudgetExceeded: the budget ended; what was done until then is kept.
            TrainingError: nothing could be evaluated.
        """
        wanted = [(example, repeat) for example in examples for repeat in range(self.repeats)]
        done = await gather(
            self._one(candidate, example, part, repeat) for example, repeat in wanted
        )
        found: dict[str, list[Evaluated]] = {}
        troubles = []
        for one in done:
            if one.failed_to_run:
                troubles.append(one.feedback)
            else:
                found.setdefault(one.example, []).append(one)
        if troubles and not found:
            raise TrainingError(f"no example could be evaluated: {troubles[0]}")
        return found

    async def scores(
        self, candidate: Candidate, examples: Sequence[Example], part: Part
    ) -> dict[str, float]:
        """Return the mean score of each example that could be evaluated."""
        return means(await self.run(candidate, examples, part))

    async def _one(
        self, candidate: Candidate, example: Example, part: Part, repeat: int
    ) -> Evaluated:
        known = self.ledger.evaluation(candidate.name, example.id, repeat)
        if known is not None:
            return known
        async with self._places:
            if (budget := surroundings().budget) is not None:
                budget.charge()  # of nothing: starts its clock, and raises when time is up
            for attempt in range(_ATTEMPTS):
                if attempt:
                    await asyncio.sleep(_PAUSE * attempt)
                done = await evaluate(
                    self.workflow,
                    candidate.values,
                    example,
                    self.guide,
                    flow=self.flow,
                    timeout=self.timeout,
                )
                if not done.failed_to_run:
                    # Before the next one begins: what is lost by a kill is what was in flight.
                    await self.ledger.keep_evaluation(candidate.name, part, repeat, done)
                    break
            else:
                self.trouble = done.feedback
        self.on_done(candidate.name, done)
        return done


def means(done: Mapping[str, Sequence[Evaluated]]) -> dict[str, float]:
    """Return the mean score by example; repeats of one example count as one."""
    return {
        example: sum(one.score or 0.0 for one in several) / len(several)
        for example, several in done.items()
    }


async def gather(work: Iterable[Awaitable[T]]) -> list[T]:
    """Wait for all; when one fails, end the others and raise its error as it is.

    ``asyncio.gather`` would leave the others running, a task group wraps the error.
    """

    async def wait(one: Awaitable[T]) -> T:
        return await one

    tasks: list[asyncio.Task[Any]] = [asyncio.ensure_future(wait(one)) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
