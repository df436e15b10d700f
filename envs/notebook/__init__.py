"""Notebooks: data analysis, cell by cell, in a real Jupyter kernel in the sandbox."""

from tracegraph.envs.notebook.env import NotebookEnv
from tracegraph.envs.notebook.pool import KernelPool
from tracegraph.envs.notebook.report import write_report
from tracegraph.envs.notebook.task import (
    Action,
    Answer,
    Cell,
    CellOutput,
    Figure,
    NotebookTask,
)

__all__ = [
    "NotebookEnv", "NotebookTask", "Action", "Cell", "Answer", "CellOutput", "Figure",
    "KernelPool", "write_report",
]  # fmt: skip
