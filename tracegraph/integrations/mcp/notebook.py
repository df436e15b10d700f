"""A notebook as MCP tools: cells run in a Jupyter kernel in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tracegraph.envs import EnvError
from tracegraph.envs.notebook import Cell, KernelPool, NotebookEnv, NotebookTask
from tracegraph.integrations.mcp.tools import Shown, Tool


class NotebookTools:
    """Runs Python cells about some files.

    Args:
        files: by their names in the notebook's folder; read-only inside.
        path: where the notebook is kept, whole after every cell; None keeps it nowhere.
        cell_seconds: after which a cell is interrupted.
    """

    instructions = (
        "A Jupyter notebook without network. Begin with list_files. Variables stay from cell to "
        "cell; figures come back as pictures."
    )

    def __init__(
        self,
        files: Mapping[str, Path] | None = None,
        *,
        path: Path | None = None,
        cell_seconds: float = 60.0,
    ) -> None:
        self._files, self._path, self._seconds = dict(files or {}), path, cell_seconds
        self._around = AsyncExitStack()
        self._env: NotebookEnv | None = None
        self._there = ""

    @property
    def tools(self) -> Sequence[Tool]:
        """Listing, running, beginning anew."""
        code = {"type": "string", "description": "Python; the last expression is shown."}
        return (
            Tool("list_files", "Tell the files, their columns, and the packages.", {}, self._list),
            Tool(
                "run_cell", "Run a Python cell and show what it prints.", {"code": code}, self._run
            ),
            Tool("restart", "Forget all variables and begin with a new kernel.", {}, self._restart),
        )

    async def open(self) -> None:
        """Start a kernel."""
        pool = await self._around.enter_async_context(KernelPool(0, most=1))
        env = NotebookEnv(pool, cell_seconds=self._seconds, path=self._path)
        self._around.push_async_callback(env.close)
        self._env = env
        await self._begin(env)

    async def close(self) -> None:
        """End the kernel."""
        self._env = None
        await self._around.aclose()

    async def _begin(self, env: NotebookEnv) -> None:
        self._there = (await env.reset(NotebookTask("mcp", "", self._files))).text

    async def _list(self) -> Shown:
        return Shown(self._there)

    async def _run(self, code: str) -> Shown:
        ran = (await self._opened.step(Cell(code))).observation
        return Shown(ran.text or "(no output)", tuple(figure.png for figure in ran.figures))

    async def _restart(self) -> Shown:
        await self._begin(self._opened)
        return Shown("a new kernel; all variables are gone")

    @property
    def _opened(self) -> NotebookEnv:
        if self._env is None:
            raise EnvError("the notebook is not open")
        return self._env
