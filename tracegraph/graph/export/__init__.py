"""A graph to look at or to keep: networkx, JSON, Mermaid, Graphviz dot, one HTML page."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.graph.export.as_dot import to_dot
    from tracegraph.graph.export.as_html import to_html
    from tracegraph.graph.export.as_json import to_json
    from tracegraph.graph.export.as_mermaid import to_mermaid
    from tracegraph.graph.export.as_networkx import to_networkx
    from tracegraph.graph.export.drawing import Drawing
    from tracegraph.graph.export.stored import from_json

__all__ = ["Drawing", "to_networkx", "to_json", "from_json", "to_mermaid", "to_dot", "to_html"]

_PLACES = {
    "Drawing": "drawing",
    "from_json": "stored",
    "to_dot": "as_dot",
    "to_html": "as_html",
    "to_json": "as_json",
    "to_mermaid": "as_mermaid",
    "to_networkx": "as_networkx",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
