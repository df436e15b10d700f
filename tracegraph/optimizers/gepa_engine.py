"""GEPA as an external engine: the package ``gepa`` evolves texts, and evaluates here.

It keeps its own candidates, minibatches and front, so it is run in place of the training loop.
Its acceptance is "strictly better on a minibatch", and its best candidate is the best of many on
one set: the caller should test it on fresh examples.

Source: Agrawal et al. 2025, "GEPA: Reflective Prompt Evolution Can Outperform Reinforcement
Learning"; the package gepa, version 0.1.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tracegraph.errors import MissingExtraError
from tracegraph.models.errors import BudgetExceeded
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.uses import uses

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

    from tracegraph.models.client import LLM
    from tracegraph.optimizers.problem import Problem


@dataclass(frozen=True, slots=True)
class Judged:
    """What a candidate did on one example.

    Attributes:
        score: from 0 to 1, higher is better.
        output: what came out, as text.
        feedback: what was said about it.
        problem: the run as a problem, so that each parameter is shown what happened at its place.
    """

    score: float
    output: str = ""
    feedback: str = ""
    problem: Problem | None = None


class GepaEngine:
    """GEPA under the name of an optimizer: the loop hands over to it, then tests what it found.

    Args:
        llm: the model that reflects.
    """

    name = "gepa"
    kinds = frozenset({"text"})

    def __init__(self, llm: LLM) -> None:
        self.llm = llm

    async def evolve(
        self,
        evaluate: Evaluate,
        values: Mapping[str, str],
        examples: Sequence[str],
        *,
        calls: int,
        seed: int,
    ) -> Mapping[str, str]:
        """Return the best texts that it found on training examples."""
        found = await optimize_with_gepa(
            evaluate, values, examples, examples, self.llm, calls, seed
        )
        best: Mapping[str, str] = found["values"]
        return best


# Runs the values of a candidate on examples, by their names.
Evaluate: TypeAlias = "Callable[[Mapping[str, str], Sequence[str]], Awaitable[Sequence[Judged]]]"


async def optimize_with_gepa(
    evaluate: Evaluate,
    seed_values: Mapping[str, str],
    trainset: Sequence[str],
    valset: Sequence[str],
    reflection_llm: LLM,
    budget_calls: int,
    seed: int = 0,
    **options: Any,
) -> dict[str, Any]:
    """Evolve texts until the evaluations are used up.

    Args:
        evaluate: runs values on examples, one result each in their order; where values cannot
            be used (they break a constraint), a score of 0 with the reason as feedback.
        seed_values: the texts to begin with, by parameter.
        trainset: examples to reflect on.
        valset: examples to choose the best by.
        reflection_llm: the model that reflects.
        budget_calls: the most evaluations of one example; the one in flight is finished.
        seed: makes the run repeatable, as far as the model is.
        options: for ``gepa.optimize``.

    Returns:
        ``values`` of the best candidate, its ``score`` on valset, the ``seed_score``, all
        ``candidates`` with ``scores`` and ``parents``, ``metric_calls``, ``reflections``, and
        ``stopped``: why it ended early, if so.

    Raises:
        MissingExtraError: the package is not installed.
        BudgetExceeded: before even the first values were evaluated.
    """
    try:
        # By name: its types ask for more of an adapter than it uses.
        gepa: Any = importlib.import_module("gepa")
    except ImportError:
        raise MissingExtraError("gepa", "gepa") from None
    engine = _Engine(evaluate, reflection_llm, seed, asyncio.get_running_loop())

    def work() -> Any:
        return gepa.optimize(
            seed_candidate=dict(seed_values),
            trainset=list(trainset),
            valset=list(valset),
            adapter=engine,
            reflection_lm=engine.reflect,
            max_metric_calls=budget_calls,
            stop_callbacks=engine.stops,
            logger=_Quiet(),
            seed=seed,
            raise_on_exception=False,
            **options,
        )

    try:
        result = await asyncio.to_thread(work)
    except asyncio.CancelledError:
        engine.stopped.set()
        raise
    except Exception:
        if engine.refusal is not None:
            raise engine.refusal from None
        raise
    scores = list(result.val_aggregate_scores)
    return {
        "values": dict(result.candidates[result.best_idx]),
        "score": scores[result.best_idx],
        "seed_score": scores[0],
        "candidates": [dict(candidate) for candidate in result.candidates],
        "scores": scores,
        "parents": [[p for p in parents if p is not None] for parents in result.parents],
        "metric_calls": result.total_metric_calls,
        "reflections": engine.reflections,
        "stopped": "" if engine.refusal is None else str(engine.refusal),
    }


class _Engine:
    """What gepa calls, from its own thread: a GEPAAdapter, a reflection model and a stopper."""

    def __init__(
        self,
        evaluate: Evaluate,
        llm: LLM,
        seed: int,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._evaluate = evaluate
        self._llm = llm
        self._seed = seed
        self._loop = loop
        self.propose_new_texts = None  # gepa's own reflection is what is asked for
        self.stopped = threading.Event()
        self.refusal: BudgetExceeded | None = None
        self.reflections = 0

    def evaluate(
        self, batch: list[str], candidate: dict[str, str], capture_traces: bool = False
    ) -> Any:
        from gepa.core.adapter import EvaluationBatch

        async def judge() -> Sequence[Judged]:
            return await self._evaluate(candidate, batch)

        judged = list(self._wait(judge()))
        return EvaluationBatch(
            outputs=[each.output for each in judged],
            scores=[each.score for each in judged],
            trajectories=judged if capture_traces else None,
        )

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> dict[str, list[dict[str, Any]]]:
        return {
            name: [_record(name, judged) for judged in eval_batch.trajectories]
            for name in components_to_update
        }

    def reflect(self, prompt: str | list[dict[str, Any]]) -> str:
        self.reflections += 1
        seed = derive(self._seed, "reflect", self.reflections)

        async def ask() -> str:
            reply = await self._llm.complete(
                prompt, seed=seed, temperature=1.0, max_tokens=2000, parent="optimizer"
            )
            return reply.text

        return str(self._wait(ask()))

    def stops(self, state: Any) -> bool:
        return self.stopped.is_set()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        if self.stopped.is_set():
            work.close()
            raise RuntimeError("the run has ended")
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except BudgetExceeded as refusal:
            self.refusal = refusal
            self.stopped.set()
            raise


def _record(name: str, judged: Judged) -> dict[str, Any]:
    if judged.problem is None:
        return {"Generated Outputs": judged.output, "Feedback": judged.feedback}
    use = uses(judged.problem, name)[-1]
    said = {"Inputs": dict(use.arguments), "Generated Outputs": use.result}
    if not use.final:
        said["Final Output"] = judged.output
    return {**said, "Feedback": judged.feedback}


class _Quiet:
    def log(self, message: str) -> None:
        """Drop it: the caller has the result, and the store has the calls."""
