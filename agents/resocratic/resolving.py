"""Blind solutions by a model: it reads the question alone, and the solver runs its program."""

from __future__ import annotations

from tracegraph.agents.resocratic.blind import Blind, Solved
from tracegraph.agents.resocratic.solve import Modeller
from tracegraph.envs.solver import SolverPool, SolverTask
from tracegraph.models import LLM

_TEMPERATURE = 0.5  # several solutions of a question should be several


def model_blind(llm: LLM, pool: SolverPool, *, repairs: int = 1) -> Blind:
    """Return a blind solver that asks a model.

    Its prompts are no part of `Prompts`: to raise the yield by solving better would hide bad
    questions.

    Args:
        llm: the model.
        pool: where programs run.
        repairs: how often a program that fails may be written again.
    """
    modeller = Modeller(llm, pool, repairs=repairs, temperature=_TEMPERATURE)

    async def solve(question: str, seed: int) -> Solved:
        done = await modeller.run(SolverTask("blind", question), seed=seed)
        found, best = done.extra, done.extra["objective"]
        return Solved(found["status"], best, found["code"], llm.model, done.turns)

    return solve
