"""LangGraph: graphs that exist already, recorded and improved as they are.

>>> from tracegraph.integrations.langgraph import trace_graph
>>> app = trace_graph(app, prompts={"writer": "WRITER"})  # doctest: +SKIP
"""

from __future__ import annotations

from tracegraph.integrations.calls import needed

needed("langgraph", "langgraph")

from tracegraph.integrations.langgraph.agents import as_node  # noqa: E402
from tracegraph.integrations.langgraph.graph import trace_graph  # noqa: E402

__all__ = ["trace_graph", "as_node"]
