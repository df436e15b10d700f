"""Tasks for desktops: OSWorld's JSON, our own generators, setups, evaluations."""

from tracegraph.envs.desktop.tasks.evaluation import evaluate, unsupported
from tracegraph.envs.desktop.tasks.schema import GuiTask, TaskError, load_tasks, parse_task
from tracegraph.envs.desktop.tasks.setup import run_steps

__all__ = [
    "GuiTask",
    "TaskError",
    "evaluate",
    "load_tasks",
    "parse_task",
    "run_steps",
    "unsupported",
]
