"""Our own tasks, made from seeds: as many as one wants, for training and held out.

Each family is a function of a random number generator; `make_task` gives the task of a family
and a seed, always the same. Seeds from `HELD_OUT` on are for measuring only.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING, Any

from tracegraph.envs.desktop.tasks.own import (
    browser,
    easy,
    editor,
    folders,
    infeasible,
    office,
    terminal,
    together,
)
from tracegraph.envs.desktop.tasks.schema import GuiTask, TaskError, parse_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracegraph.envs.desktop.tasks.own.draft import Draft

__all__ = ["make_task", "FAMILIES", "HELD_OUT"]

HELD_OUT = 1000

_MODULES: tuple[Any, ...] = (easy, editor, folders, terminal, office, browser, together, infeasible)
FAMILIES: dict[str, Callable[[Random], Draft]] = {
    f"{module.__name__.rpartition('.')[2]}/{make.__name__}": make
    for module in _MODULES
    for make in module.FAMILIES
}


def make_task(family: str, seed: int) -> GuiTask:
    """Return the task of a family and a seed, as OSWorld's JSON would hold it.

    Raises:
        TaskError: there is no such family.
    """
    if family not in FAMILIES:
        raise TaskError(f"there is no task family {family}; known are {', '.join(FAMILIES)}")
    draft = FAMILIES[family](Random(f"{family}:{seed}"))
    return parse_task(
        {
            "id": f"{family}-{seed}",
            "snapshot": draft.apps[0],
            "instruction": draft.instruction,
            "source": "tracegraph",
            "config": draft.config,
            "related_apps": list(draft.apps),
            "evaluator": draft.evaluator,
            "x_tracegraph": {
                "generator": family,
                "seed": seed,
                "level": draft.level,
                "steps": draft.steps,
                "oracle": draft.oracle,
            },
        }
    )


def suite(seeds: Iterable[int] = (0,), families: Iterable[str] | None = None) -> list[GuiTask]:
    """Return the tasks of families (all by default), one for each seed.

    A family may be named by its beginning, as ``editor``.
    """
    wanted = [
        family
        for family in FAMILIES
        if families is None or any(family.startswith(name) for name in families)
    ]
    if not wanted:
        raise TaskError(f"no task family begins so; known are {', '.join(FAMILIES)}")
    return [make_task(family, seed) for seed in seeds for family in wanted]
