"""What the tests of notebooks start from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tracegraph.envs.notebook import KernelPool, NotebookEnv, NotebookTask

pytest.importorskip("ipykernel")


@pytest.fixture
def task(tmp_path: Path) -> NotebookTask:
    """A question about six sales."""
    path = tmp_path / "given" / "sales.csv"
    path.parent.mkdir()
    path.write_text("month,amount\n1,10\n2,20\n3,\n4,40\n5,50\n6,60\n")
    return NotebookTask("sales", "Which month sold most?", {"data/sales.csv": path})


@pytest_asyncio.fixture
async def env(task: NotebookTask, tmp_path: Path) -> AsyncIterator[NotebookEnv]:
    """An environment that has been reset to the task, whose kernels load nothing early."""
    async with KernelPool(1, preload=()) as pool:
        env = NotebookEnv(pool, cell_seconds=30, path=tmp_path / "episode.ipynb")
        await env.reset(task)
        yield env
        await env.close()
