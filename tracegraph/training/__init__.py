"""The loop: examples, guides, evaluation, search, acceptance by evidence.

To optimise one objective instead of a data set: ``tracegraph.training.search``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.training.data import Example, Splits, load_examples, split
    from tracegraph.training.errors import TrainingError, WorkflowError
    from tracegraph.training.guide import Guide, Judgement
    from tracegraph.training.guides import make_guide
    from tracegraph.training.job import Job
    from tracegraph.training.result import Result
    from tracegraph.training.settings import Settings
    from tracegraph.training.trainer import Trainer
    from tracegraph.training.workflow import Workflow, load_workflow

__all__ = [
    "Trainer", "Settings", "Result", "Job",
    "Workflow", "load_workflow",
    "Example", "Splits", "load_examples", "split",
    "Guide", "Judgement", "make_guide",
    "TrainingError", "WorkflowError",
]  # fmt: skip

_HOMES = {
    "data": ("Example", "Splits", "load_examples", "split"),
    "errors": ("TrainingError", "WorkflowError"),
    "guide": ("Guide", "Judgement"),
    "guides": ("make_guide",),
    "job": ("Job",),
    "result": ("Result",),
    "settings": ("Settings",),
    "trainer": ("Trainer",),
    "workflow": ("Workflow", "load_workflow"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
