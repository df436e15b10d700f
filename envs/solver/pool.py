"""SolverPool: many modelling programs, each in a warm process of the sandbox."""

from __future__ import annotations

import asyncio
import importlib.util
import marshal
from collections.abc import Sequence
from importlib import resources
from typing import Any

from tracegraph.envs.protocol import EnvError
from tracegraph.envs.solver.build import build
from tracegraph.envs.solver.errors import SolverMissing
from tracegraph.envs.solver.run import SolverRun
from tracegraph.sandbox import Answer, Policy, Sandbox, SandboxError, Workers

_PARTS = (
    "record",
    "scip",
    "highs",
    "gurobi",
    "harness",
    "resolve",
    "conflict",
)  # each after what it imports
_PACKAGE = "solver_inside"
_GRACE = 1.5  # seconds in which a solver that was stopped in time may tell what it found

# Runs in the worker: makes the modules of ``inside/`` from their code and calls one.
_LOADER = f"""
def run(parts, module, function, args):
    import marshal, sys, types
    package = types.ModuleType("{_PACKAGE}")
    package.__path__ = []
    sys.modules["{_PACKAGE}"] = package
    for name, compiled in parts:
        made = types.ModuleType("{_PACKAGE}." + name)
        made.__package__ = "{_PACKAGE}"
        sys.modules[made.__name__] = made
        setattr(package, name, made)
        exec(marshal.loads(compiled), vars(made))
    return getattr(getattr(package, module), function)(*args)
"""


class SolverPool:
    """Runs modelling programs; an async context manager.

    Each program gets a process of its own that has the solvers loaded, no network, and a folder
    that is thrown away. Whatever one does, the others go on.

    Args:
        count: programs at a time.
        seconds: the deadline of a program; solvers are stopped a little before it.
        memory: bytes that one program may use.
    """

    def __init__(self, count: int = 2, *, seconds: float = 20.0, memory: int | None = None) -> None:
        self.seconds = seconds
        self._count = count
        self._parts = _compiled()
        policy = Policy.load("solver")
        # Threads that a library starts when it is loaded do not survive the fork.
        single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        limits = policy.limits.changed(memory=memory or policy.limits.memory)
        policy = policy.model_copy(update={"environment": single, "limits": limits})
        self._sandbox = Sandbox(policy)
        self._workers: Workers | None = None

    async def __aenter__(self) -> SolverPool:
        preload = [m for m in ("pyscipopt", "highspy") if importlib.util.find_spec(m)]
        if not preload:
            raise SolverMissing
        await self._sandbox.__aenter__()
        try:
            self._workers = await self._sandbox.workers(preload, self._count).__aenter__()
        except BaseException:
            await self._sandbox.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._workers is not None:
            await self._workers.close()
        await self._sandbox.close()

    async def run(self, code: str, *, seconds: float | None = None) -> SolverRun:
        """Run one program; never raises for what it does.

        Raises:
            EnvError: the sandbox itself failed.
        """
        seconds = self.seconds if seconds is None else seconds
        if "\0" in code or not _is_text(code):
            return SolverRun("error", error="the program is no text")
        answer = await self.call("harness", "run", (code, seconds), seconds=seconds)
        return await asyncio.to_thread(build, answer, seconds)

    async def call(
        self, module: str, function: str, args: tuple[Any, ...], *, seconds: float | None = None
    ) -> Answer:
        """Call a function of a module of ``inside/`` in a process of its own.

        Raises:
            EnvError: the sandbox itself failed.
        """
        if self._workers is None:
            raise EnvError("the solver pool is not open; use it in an async with statement")
        handle = self._workers.load(_LOADER, "run", file="<loader>")
        limit = (self.seconds if seconds is None else seconds) + _GRACE
        try:
            return await self._workers.call(
                handle, (self._parts, module, function, args), seconds=limit
            )
        except SandboxError as error:
            raise EnvError(f"the solver sandbox failed: {error}") from error

    async def run_many(self, codes: Sequence[str]) -> list[SolverRun]:
        """Run programs side by side; the runs are in order."""
        return list(await asyncio.gather(*(self.run(code) for code in codes)))


def _is_text(code: str) -> bool:
    try:
        code.encode()
    except UnicodeEncodeError:
        return False
    return True


def _compiled() -> list[tuple[str, bytes]]:
    folder = resources.files("tracegraph.envs.solver.inside")
    parts = []
    for name in _PARTS:
        source = folder.joinpath(f"{name}.py").read_text("utf-8")
        parts.append((name, marshal.dumps(compile(source, f"<{name}>", "exec"))))
    return parts
