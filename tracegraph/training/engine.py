"""Engines: searches of other packages, which run in place of the loop's steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tracegraph.graph.export import from_json
from tracegraph.optimizers.gepa_engine import Judged
from tracegraph.optimizers.problem import Problem
from tracegraph.optimizers.proposal import Proposal, checked
from tracegraph.training.candidate import Candidate

if TYPE_CHECKING:
    from tracegraph.optimizers.gepa_engine import Evaluate
    from tracegraph.training.data import Example
    from tracegraph.training.evaluation import Evaluated
    from tracegraph.training.evaluator import Evaluator


class Engine(Protocol):
    """Searches by itself: it chooses candidates, has them evaluated, and returns the best."""

    name: str
    kinds: frozenset[str]

    async def evolve(
        self,
        evaluate: Evaluate,
        values: Mapping[str, str],
        examples: Sequence[str],
        *,
        calls: int,
        seed: int,
    ) -> Mapping[str, Any]:
        """Return the best values that it found with so many evaluations."""


async def evolve(
    engine: Engine,
    evaluator: Evaluator,
    candidate: Candidate,
    examples: Sequence[Example],
    *,
    calls: int,
    seed: int,
) -> Proposal:
    """Return what an engine makes of a candidate; its evaluations are kept as all others."""
    parameters = evaluator.workflow.parameters
    by_id = {example.id: example for example in examples}
    movable = {n: v for n, v in candidate.values.items() if parameters[n].kind in engine.kinds}

    async def evaluate(values: Mapping[str, Any], names: Sequence[str]) -> list[Judged]:
        accepted, refused = checked(values, parameters, candidate.values)
        if refused:
            return [Judged(0.0, feedback="; ".join(refused.values())) for _ in names]
        made = Candidate({**candidate.values, **accepted}, candidate.name, engine.name)
        done = await evaluator.run(made, [by_id[name] for name in names], "train")
        return [_judged(done.get(name)) for name in names]

    found = await engine.evolve(evaluate, movable, list(by_id), calls=calls, seed=seed)
    accepted, refused = checked(found, parameters, candidate.values)
    return Proposal(accepted, engine.name, f"the best of {calls} evaluations", refused=refused)


def _judged(done: Sequence[Evaluated] | None) -> Judged:
    if not done:
        return Judged(0.0, feedback="it could not be evaluated")
    one = done[0]
    problem = Problem.of(from_json(one.graph)) if one.graph else None
    return Judged(one.score or 0.0, one.output, one.feedback, problem)
