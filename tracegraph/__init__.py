"""tracegraph: improve LLM workflows and agents.

Decorate functions with `bundle`, mark what may change with `node`, run, and give
feedback with ``.backward(…)`` or ``run.feedback(…)``: what could have caused it is then known.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tracegraph._version import __version__
from tracegraph.errors import TracegraphError
from tracegraph.graph import (
    ExceptionNode,
    ExecutionError,
    MessageNode,
    Module,
    Node,
    NodeContainer,
    ParameterNode,
    backward,
    bundle,
    model,
    node,
    off,
    on,
    record,
    stop_tracing,
)
from tracegraph.graph import ParameterNode as Parameter

if TYPE_CHECKING:
    from tracegraph.graph import operators
    from tracegraph.graph.batch import batch_run
    from tracegraph.graph.blame import blame

__all__ = [
    # record
    "node", "bundle", "record", "Parameter", "model", "Module",
    "Node", "ParameterNode", "MessageNode", "ExceptionNode", "NodeContainer", "operators",
    "off", "on", "stop_tracing", "batch_run",
    # give feedback and find the cause
    "backward", "blame",
    "TracegraphError", "ExecutionError", "__version__",
]  # fmt: skip

# What only some programs need loads when it is first used.
_LAZY = {
    "batch_run": ("tracegraph.graph.batch", "batch_run"),
    "blame": ("tracegraph.graph.blame", "blame"),
    "operators": ("tracegraph.graph.operators", None),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'tracegraph' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    loaded = importlib.import_module(module)
    value = loaded if attribute is None else getattr(loaded, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
