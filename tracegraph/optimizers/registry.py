"""Optimizers by name: those that are built in, and those that other packages register.

A package registers its own in its pyproject.toml:

    [project.entry-points."tracegraph.optimizers"]
    mine = "my_package.optimizer:MyOptimizer"
"""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    from tracegraph.models.client import LLM

GROUP = "tracegraph.optimizers"
# By module path, so that only the one that is asked for is loaded.
_BUILT_IN = {
    "optoprime": "optoprime:OptoPrime",
    "optoprime-v2": "optoprime_v2:OptoPrimeV2",
    "optoprime-multi": "optoprime_multi:OptoPrimeMulti",
    "opro": "opro:OPRO",
    "textgrad": "textgrad:TextGrad",
    "pareto": "pareto:Pareto",
    "fewshot": "fewshot:FewShot",
    "playbook": "playbook:Playbook",
    "numeric": "numeric:NumericOptimizer",
    "hybrid": "hybrid:HybridOptimizer",
    "gepa": "gepa_engine:GepaEngine",
}
_WITHOUT_MODEL = frozenset({"fewshot", "playbook", "numeric"})


def names() -> list[str]:
    """Return the names that `make` knows."""
    registered = {entry.name for entry in metadata.entry_points(group=GROUP)}
    return [*_BUILT_IN, *sorted(registered - _BUILT_IN.keys())]


def make(name: str, *, llm: LLM | str | None = None, **options: Any) -> Any:
    """Return an optimizer; "gepa" is an engine, which searches by itself in place of the loop.

    Args:
        name: one of `names`.
        llm: the model to ask; not for optimizers that ask none.
        options: for the optimizer's constructor.

    Raises:
        TracegraphError: there is no such optimizer; the message lists those that there are.
    """
    found = _find(name)
    if llm is not None and name not in _WITHOUT_MODEL:
        options["llm"] = llm
    return found(**options)


def _find(name: str) -> Any:
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        return getattr(importlib.import_module(f"tracegraph.optimizers.{module}"), attribute)
    for entry in metadata.entry_points(group=GROUP, name=name):
        return entry.load()
    raise TracegraphError(f"there is no optimizer {name!r}; there are {', '.join(names())}")
