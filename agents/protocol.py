"""What an agent is: something that works on a task and leaves the record of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from tracegraph.agents.episode import Episode

TaskT_contra = TypeVar("TaskT_contra", contravariant=True)

# Told what happens, as (kind, values): the same events feed terminals, logs and viewers.
OnEvent = Callable[[str, dict[str, Any]], None]


class Agent(Protocol[TaskT_contra]):
    """Works on tasks, many at a time; each attempt is an Episode.

    ``run`` raises EnvError or EvalError for faults of the machine and BudgetExceeded when the
    budget is used up; all else that goes wrong is an outcome of the episode.
    """

    name: str

    async def run(
        self, task: TaskT_contra, *, seed: int = 0, on_event: OnEvent | None = None
    ) -> Episode:
        """Work on a task to its end."""
