"""What a run will take: measured on a few examples, before anything is spent on the rest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracegraph import runs
from tracegraph.models.scope import surround
from tracegraph.optimizers.optimizer import Step
from tracegraph.training.candidate import Candidate
from tracegraph.training.data import draw
from tracegraph.training.errors import TrainingError
from tracegraph.training.evaluation import evaluate
from tracegraph.training.evaluator import gather

if TYPE_CHECKING:
    from tracegraph.training.trainer import Trainer

_SAMPLE = 6


@dataclass(frozen=True, slots=True)
class Estimate:
    """The least and the most that a run may take, beside the optimizer's own questions.

    Attributes:
        sample: how many examples were measured.
        score: their mean.
        tokens, dollars, seconds: of one example; seconds with several in flight.
        least, most: examples that a run evaluates: without any promising proposal, and when each
            step has as many as asked for and a whole test.
    """

    sample: int
    score: float
    tokens: float
    dollars: float
    seconds: float
    least: int
    most: int


async def estimate(trainer: Trainer) -> Estimate:
    """Run a few training examples with the seed's values and count what a run may come to.

    Raises:
        TrainingError: none of them could be evaluated.
    """
    settings = trainer.settings
    examples = draw(trainer.splits.train, _SAMPLE, seed=settings.seed)
    seed = Candidate(trainer.workflow.values)
    started = time.monotonic()
    with runs.run_scope(trainer.store, "estimate", trainer.workflow.name) as run:
        with surround(budget=trainer.budget):
            done = await gather(
                evaluate(
                    trainer.workflow, seed.values, example, trainer.guide,
                    flow=settings.flow, timeout=settings.timeout,
                )
                for example in examples
            )  # fmt: skip
        totals = runs.call_totals(trainer.store, run=run.id)
    scores = [one.score for one in done if one.score is not None]
    if not scores:
        raise TrainingError(f"no example could be evaluated: {done[0].feedback}")
    n = len(done)
    probe = min(settings.probe, len(trainer.splits.train))
    step = Step(trainer.workflow.parameters, seed.values)
    tries = trainer.optimizer.rounds(step) * settings.count * probe
    test = len(trainer.splits.test)
    fresh = len(trainer.splits.train) + len(trainer.splits.validation) - probe
    most = probe + settings.steps * (tries + 2 * fresh) + 2 * test
    return Estimate(
        n,
        sum(scores) / len(scores),
        (totals.prompt_tokens + totals.completion_tokens) / n,
        totals.cost / n,
        (time.monotonic() - started) / n,
        (probe + test) * settings.repeats,
        most * settings.repeats,
    )
