"""A whole order: seeds admitted, attempts in rounds until there are rows enough, files written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tracegraph.agents.episode import Episode
from tracegraph.agents.resocratic.admission import admit
from tracegraph.agents.resocratic.benchmarks import load_benchmarks
from tracegraph.agents.resocratic.card import write_card
from tracegraph.agents.resocratic.contamination import Gate
from tracegraph.agents.resocratic.dataset import write_dataset
from tracegraph.agents.resocratic.finishing import Finished, finish
from tracegraph.agents.resocratic.prompts import Prompts
from tracegraph.agents.resocratic.resolving import model_blind
from tracegraph.agents.resocratic.seeds import load_seeds
from tracegraph.agents.resocratic.stages import Yield, yields
from tracegraph.agents.resocratic.synthesizer import Settings, Synthesizer
from tracegraph.agents.resocratic.target import Aim, Target, draw
from tracegraph.envs.solver import SolverPool
from tracegraph.errors import TracegraphError
from tracegraph.models import LLM, BudgetExceeded

# Runs attempts at targets and returns their episodes, those of earlier rounds included.
Attempts = Callable[
    [Sequence[Target], Callable[[Target], Awaitable[Episode]]], Awaitable[Sequence[Episode]]
]


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted.

    Attributes:
        count: rows.
        attempts: the most attempts.
        model: the name of the model that writes and solves.
        benchmarks: files to stay clear of.
        variables, constraints: the least and the most of a problem.
        nonlinear, mutation: shares, from 0 to 1.
        samples: blind solutions a question.
        programs: "formal" or "model"; see `Settings`.
        seeds: a folder, or None for the seeds of the package.
    """

    count: int
    attempts: int
    model: str
    benchmarks: tuple[Path, ...] = ()
    variables: tuple[int, int] = (2, 3)
    constraints: tuple[int, int] = (2, 3)
    nonlinear: float = 0.2
    mutation: float = 0.3
    samples: int = 2
    programs: str = "formal"
    seeds: Path | None = None

    def __post_init__(self) -> None:
        if self.programs not in ("formal", "model"):
            raise TracegraphError(f"programs={self.programs!r}: choose formal or model")

    @property
    def config(self) -> dict[str, Any]:
        """What results depend on, as JSON; a run may go on with more rows or attempts."""
        told = asdict(self) | {"benchmarks": [str(path) for path in self.benchmarks]}
        told |= {"variables": list(self.variables), "constraints": list(self.constraints)}
        told["seeds"] = str(self.seeds) if self.seeds else None
        return {name: value for name, value in told.items() if name not in ("count", "attempts")}


@dataclass(frozen=True, slots=True)
class Made:
    """What came of an order."""

    rows: int
    yields: list[Yield]


async def make(order: Order, out: Path, attempts: Attempts, *, run: str) -> Made:
    """Make a data set.

    Args:
        order: what is wanted.
        out: the folder that it is written to.
        attempts: runs attempts, stored so that none is run twice.
        run: the id of the run, for the card and for the targets that are drawn.

    Raises:
        TracegraphError: no seed is admitted.
    """
    llm = LLM(order.model)
    gate = Gate(load_benchmarks(order.benchmarks), llm if order.benchmarks else None)
    async with llm, SolverPool(2) as pool:
        admissions = await admit(load_seeds(order.seeds), gate, pool)
        seeds = [each.seed for each in admissions if each.admitted]
        if not seeds:
            said = "\n".join(f"{each.seed.id}: {'; '.join(each.problems)}" for each in admissions)
            raise TracegraphError(f"no seed is admitted:\n{said}")
        blind = model_blind(llm, pool) if order.samples else None
        settings = Settings(
            samples=order.samples, programs="model" if order.programs == "model" else "formal"
        )
        agent = Synthesizer(llm, pool, seeds, blind, prompts=Prompts.load(), settings=settings)
        aim = Aim(order.variables, order.constraints, order.nonlinear, order.mutation)
        targets: list[Target] = []
        episodes: Sequence[Episode] = ()
        finished = await finish(episodes, gate)
        while len(finished.rows) < order.count and len(targets) < order.attempts:
            more = max(4, (order.count - len(finished.rows)) // 2)
            more = min(more, order.attempts - len(targets))
            first = len(targets)
            targets += [draw(aim, seeds, f"attempt-{n:05}") for n in range(first, first + more)]
            episodes = await attempts(targets, agent.run)
            finished, gate = await finish_within(episodes, gate)
            if len(episodes) < len(targets):
                break  # the budget is used up
        tokens = sum(each.tokens for each in episodes)
        card = write_card(out.name, finished, gate, model=order.model, run=run, tokens=tokens)
        write_dataset(out, finished, card)
    return Made(len(finished.rows), yields(finished.passages))


async def finish_within(episodes: Sequence[Episode], gate: Gate) -> tuple[Finished, Gate]:
    """Return the data set, and the gate that it went through.

    When the budget is used up there is nothing left for embeddings: then words alone are compared,
    so that what was made is not lost, and the card says so.
    """
    try:
        return await finish(episodes, gate), gate
    except BudgetExceeded:
        words = Gate(gate.items, most_grams=gate.most_grams)
        return await finish(episodes, words), words
