"""Blind solutions by a model: it reads the question, writes a program, and the solver runs it."""

from __future__ import annotations

import re

from tracegraph.agents.episode import Turn
from tracegraph.agents.resocratic.blind import Blind, Solved
from tracegraph.envs.solver import SolverPool
from tracegraph.models import LLM
from tracegraph.prompts import load

_FENCE = re.compile(r"```(?:python)?\n(.*?)(?:```|$)", re.DOTALL)
_TEMPERATURE = 0.5  # several solutions of a question should be several


def model_blind(llm: LLM, pool: SolverPool) -> Blind:
    """Return a blind solver that asks a model once."""
    # No parameter: a prompt that raises the yield by solving better would hide bad questions.
    prompt = load("resocratic/blind").body

    async def solve(question: str, seed: int) -> Solved:
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
        done = await llm.complete(
            messages, temperature=_TEMPERATURE, seed=seed, max_tokens=700, parent="resolve"
        )
        code = program_of(done.text)
        run = await pool.run(code)
        return Solved(run.status, run.objective, code, llm.model, [Turn.of(messages, done)])

    return solve


def program_of(text: str) -> str:
    """Return the program of an answer, without the fence around it."""
    found = _FENCE.search(text)
    return (found[1] if found else text).strip() + "\n"
