"""NotebookEnv: an agent analyses data, cell by cell, in a Jupyter kernel."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.envs.notebook import surroundings, text
from tracegraph.envs.notebook.document import Document
from tracegraph.envs.notebook.kernel import Kernel
from tracegraph.envs.notebook.outputs import Ran
from tracegraph.envs.notebook.pool import KernelPool
from tracegraph.envs.notebook.task import (
    Action,
    Answer,
    Cell,
    CellOutput,
    NotebookTask,
    Status,
)
from tracegraph.envs.protocol import EnvError, EvalError, Score, StepResult

if TYPE_CHECKING:
    from nbformat import NotebookNode

# A cell that is run again may take somewhat longer than it did.
_AGAIN, _AGAIN_SECONDS = 1.5, 5.0
# The kernel itself shows no more of a cell than this.
_MOST_CHARACTERS = 60_000


@dataclass(frozen=True, slots=True)
class _Good:
    number: int
    code: str
    seconds: float


class NotebookEnv:
    """A notebook and its kernel in the sandbox; one task at a time.

    A cell that takes longer than ``cell_seconds`` is interrupted, then killed. When the kernel is
    lost, another one takes its place and the cells that had succeeded run again, in order.

    Without ``pool`` it has a small one of its own, which ``close`` ends. ``path`` is where the
    notebook is kept on disk, whole and valid after every step.
    """

    def __init__(
        self,
        pool: KernelPool | None = None,
        *,
        cell_seconds: float = 60.0,
        output_characters: int = 10_000,
        path: Path | None = None,
    ) -> None:
        if not 500 <= output_characters <= _MOST_CHARACTERS:
            raise ValueError(f"output_characters is between 500 and {_MOST_CHARACTERS:,}")
        self._pool = pool
        self._own = pool is None
        self._seconds, self._characters, self._path = cell_seconds, output_characters, path
        self._kernel: Kernel | None = None
        self._task: NotebookTask | None = None
        self._seed = 0
        self._document: Document | None = None
        self._good: list[_Good] = []
        self._number = 0
        self._answer: str | None = None

    @property
    def notebook(self) -> NotebookNode:
        """The episode so far, valid at every moment."""
        if self._document is None:
            raise EnvError("there is no notebook before reset()")
        node: NotebookNode = self._document.node
        return node

    async def reset(self, task: NotebookTask, seed: int = 0) -> CellOutput:
        """Begin a task; the text lists its files and the packages that are installed."""
        pool = await self._open()
        await self._give_back()
        self._task, self._seed, self._answer = task, seed, None
        self._good, self._number = [], 0
        try:
            told = await asyncio.to_thread(surroundings.describe, task.files, self._seconds)
        except OSError as error:
            raise EnvError(f"a file of task {task.id} cannot be read: {error}") from error
        self._document = Document(task.question, self._path)
        self._kernel = await pool.take()
        await self._kernel.prepare(task.files, seed)
        return CellOutput("ready", told)

    async def step(self, action: Action) -> StepResult[CellOutput]:
        """Run a cell, or take the answer, after which nothing more can be run."""
        if self._document is None or self._task is None:
            raise EnvError("reset() comes before step()")
        if self._answer is not None:
            raise EnvError("the episode has ended with an answer; reset() begins another one")
        self._document.text(action.thought, "thought")
        if isinstance(action, Answer):
            self._answer = action.text
            self._document.text(action.text, "answer")
            return StepResult(CellOutput("answered", action.text), done=True)
        return StepResult(await self._run(action, self._document))

    async def evaluate(self) -> Score:
        """Return what the task's judge says of the answer; without an answer 0."""
        if self._task is None or self._task.judge is None:
            raise EvalError("the task has no judge, so there is nothing to score the answer with")
        if self._answer is None:
            return Score(0.0, feedback="there is no final answer")
        try:
            return await asyncio.to_thread(self._task.judge, self._answer)
        except Exception as error:
            raise EvalError(f"the judge of task {self._task.id} failed: {error}") from error

    async def close(self) -> None:
        """End the kernel, and the pool when it is the environment's own."""
        try:
            await self._give_back()
        finally:
            if self._own and self._pool is not None:
                pool, self._pool = self._pool, None
                await pool.close()

    async def _open(self) -> KernelPool:
        if self._pool is None:
            self._pool = await KernelPool(1, most=1).__aenter__()
        return self._pool

    async def _give_back(self) -> None:
        kernel, self._kernel = self._kernel, None
        if kernel is not None and self._pool is not None:
            await self._pool.give_back(kernel)

    async def _run(self, action: Cell, document: Document) -> CellOutput:
        if self._kernel is None:
            raise EnvError("the kernel was lost; reset() begins anew")
        early = ""
        if not self._kernel.running:
            early = "The kernel had died between cells. " + await self._restart()
        self._number += 1
        cell = document.code(action.code)
        try:
            ran = await self._kernel.run(action.code, self._seconds)
        finally:
            # Whatever happened meanwhile, the next cell finds a kernel that is nobody else's.
            lost = not self._kernel.running
        note, status = "", _status(ran)
        if status == "timeout":
            ran.error = f"TimeoutError: the cell took longer than {self._seconds:g} s"
            note = f"{ran.error.partition(': ')[2]} and was " + (
                "killed" if lost else "interrupted"
            )
        elif status == "died":
            note = f"the kernel died: {ran.error.partition(': ')[2]}"
        if lost:
            note = ". ".join(part for part in (note, await self._restart()) if part)
        elif status == "ok":
            self._good.append(_Good(self._number, action.code, ran.seconds))
        note = " ".join(part for part in (early, note) if part)
        ran.count = self._number
        document.ran(cell, ran, note)
        return CellOutput(
            status, text.describe(ran, note, self._characters), text.figures(ran),
            ran.error, ran.seconds, lost or bool(early),
        )  # fmt: skip

    async def _restart(self) -> str:
        """Put another kernel in the place of the lost one; return what was done, as a sentence."""
        good = self._good
        told = ""
        for last in (False, True):
            failed = await self._again(good)
            if failed is None:
                break
            # Cells after it may need it, but a wrong state is worse than a smaller one.
            told = (
                f" Cell {failed.number} could not be run again; it and those after it are undone."
            )
            good = [one for one in good if one.number < failed.number]
            if last:
                # Running them a third time takes longer than it is worth.
                good = []
                await self._again(good)
        self._good = good
        if not good:
            return f"The kernel was restarted; its variables are gone.{told}"
        numbers = ", ".join(str(one.number) for one in good)
        return (
            f"The kernel was restarted and the cells that had succeeded ({numbers}) "
            f"were run again.{told}"
        )

    async def _again(self, good: list[_Good]) -> _Good | None:
        """Run cells in a fresh kernel; return the one that did not succeed this time."""
        assert self._kernel is not None
        assert self._pool is not None
        assert self._task is not None
        kernel, self._kernel = self._kernel, None
        self._kernel = kernel = await self._pool.replace(kernel)
        await kernel.prepare(self._task.files, self._seed)
        for one in good:
            await kernel.number(one.number)
            ran = await kernel.run(one.code, _AGAIN * one.seconds + _AGAIN_SECONDS)
            if _status(ran) != "ok" or not kernel.running:
                return one
        await kernel.number(self._number + 1)
        return None


def _status(ran: Ran) -> Status:
    if ran.ended != "idle":
        return "timeout" if ran.ended == "timeout" else "died"
    return "error" if ran.error else "ok"
