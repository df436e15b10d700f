"""Optimisation modelling as MCP tools: programs run in the sandbox, their outcome is certified."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from tracegraph.envs import EnvError
from tracegraph.envs.solver import SolverPool, SolverRun, certify, diagnose
from tracegraph.integrations.mcp.tools import Shown, Tool

_VARIABLES = 60  # that are shown
_LOG = 4000  # characters of what a program printed


class SolverTools:
    """Runs modelling programs and checks what they claim.

    Args:
        seconds: the deadline of a program.
    """

    instructions = (
        "Write Python programs that model a problem with pyscipopt or highspy and solve it. "
        "run_program tells the solution and what looks wrong with the model; certify proves it."
    )

    def __init__(self, *, seconds: float = 20.0) -> None:
        self._seconds = seconds
        self._around = AsyncExitStack()
        self._pool: SolverPool | None = None
        self._last: SolverRun | None = None

    @property
    def tools(self) -> Sequence[Tool]:
        """Running a program, and proving the outcome of the last."""
        code = {"type": "string", "description": "A whole Python program; it has no network."}
        question = {
            "type": "string",
            "description": "The problem in words, to find numbers that the program left out.",
            "default": "",
        }
        return (
            Tool(
                "run_program",
                "Run a modelling program; tell status, objective, variables, and troubles.",
                {"code": code, "question": question},
                self._run,
            ),
            Tool(
                "certify", "Prove the outcome of the last program, or refute it.", {}, self._prove
            ),
        )

    async def open(self) -> None:
        """Load the solvers."""
        self._pool = await self._around.enter_async_context(SolverPool(1, seconds=self._seconds))

    async def close(self) -> None:
        """End the process that has them loaded."""
        self._pool = None
        await self._around.aclose()

    async def _run(self, code: str, question: str = "") -> Shown:
        pool = self._opened
        run = self._last = await pool.run(code)
        found = await diagnose(run, code, question, pool=pool)
        return Shown("\n".join(part for part in (*_lines(run), found.text) if part))

    async def _prove(self) -> Shown:
        if self._last is None:
            return Shown("there is nothing to certify yet; call run_program first", failed=True)
        found = await certify(self._last, self._opened)
        return Shown(f"{'confirmed' if found.ok else 'not confirmed'} ({found.kind}): {found.text}")

    @property
    def _opened(self) -> SolverPool:
        if self._pool is None:
            raise EnvError("the solver is not open")
        return self._pool


def _lines(run: SolverRun) -> list[str]:
    lines = [f"status: {run.status}"]
    if run.objective is not None:
        lines.append(f"objective: {run.objective:.10g}")
    if run.model is not None:
        lines.append(f"model: {run.model.kind}, {run.model.sense}, by {run.solver}")
    shown = run.variables[:_VARIABLES]
    lines += [f"  {v.name} = {'?' if v.value is None else f'{v.value:.10g}'}" for v in shown]
    if left := len(run.variables) - len(shown):
        lines.append(f"  and {left} more variables")
    if run.stdout.strip():
        lines.append(f"printed: {run.stdout.strip()[-_LOG:]}")
    return [*lines, run.error, run.note]
