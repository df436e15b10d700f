"""``trace_graph``: a copy of a compiled graph whose nodes are recorded."""

from __future__ import annotations

import copy
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from langchain_core.runnables.config import merge_configs
from langgraph.graph._branch import BranchSpec
from langgraph.pregel import Pregel

from tracegraph.errors import TracegraphError
from tracegraph.graph.module import ParameterContainer
from tracegraph.graph.parameter import ParameterNode
from tracegraph.integrations.langgraph.channels import Threads
from tracegraph.integrations.langgraph.functional import (
    PREVIOUS,
    RecordedEntrypoint,
    tasks_in,
)
from tracegraph.integrations.langgraph.nodes import (
    RUN,
    RecordedGraph,
    RecordedNode,
    RecordedPath,
    RecordedStart,
    Shape,
)
from tracegraph.integrations.langgraph.tools import RecordedTools, holds_tools
from tracegraph.integrations.substitute import Make, Prompt, place

Prompts = Mapping[str, Prompt | Iterable[Prompt]]


class GraphError(TracegraphError):
    """A graph cannot be recorded as was asked."""


def trace_graph(app: Any, *, prompts: Prompts | None = None) -> Any:
    """Return a compiled graph that does what ``app`` does and is recorded inside ``record()``.

    Each run of a node is a call in the record: its arguments are the state that it was given,
    each value from the node that wrote it. Routes are calls too, and what they chose depends on
    them; so are the tools of a ``ToolNode``, and the tasks of an ``@entrypoint``. Nested graphs
    are recorded in place. ``app`` itself stays as it is.

    Args:
        app: what ``StateGraph.compile()`` returned, or a function with ``@entrypoint``.
        prompts: by the name of a node or task, what of its text may be changed: a parameter, or
            the name of a variable, attribute or argument that its code reads, or several. A
            parameter takes the place of the variable that has its name, else of the text that
            is its value. Parameters that nodes read themselves need not be named. A node of a
            nested graph is ``"outer.inner"``.

    Returns:
        A graph of the same class; ``.parameters()`` are those of ``prompts``.

    Raises:
        GraphError: it is no compiled graph, or a node or text is not found.
    """
    if not isinstance(app, Pregel):
        hint = "call .compile() first" if hasattr(app, "compile") else "pass a compiled graph"
        raise GraphError(f"trace_graph got a {type(app).__name__}: {hint}")
    if isinstance(app, TracedGraph):
        raise GraphError("this graph is traced already: pass the one that it was made from")
    wanted = {name: _listed(given) for name, given in (prompts or {}).items()}
    found: list[ParameterNode[Any]] = []
    made = _traced(app, wanted, found, WeakKeyDictionary(), "")
    if wanted:
        nodes = ", ".join(app.nodes)
        raise GraphError(f"the graph has no node {', '.join(wanted)}; its nodes: {nodes}")
    return made


class TracedGraph(ParameterContainer):
    """What a traced graph adds to its class: parameters, and a name for each run."""

    _prompts: tuple[ParameterNode[Any], ...] = ()

    def _members(self) -> Iterator[tuple[str, Any]]:
        return ((parameter.name, parameter) for parameter in self._prompts)

    def stream(self, input: Any, config: Any = None, **options: Any) -> Iterator[Any]:
        """Run the graph and yield what ``stream_mode`` asks for."""
        return super().stream(input, _named(config), **options)  # type: ignore[misc,no-any-return]

    def astream(self, input: Any, config: Any = None, **options: Any) -> AsyncIterator[Any]:
        """Run the graph and yield what ``stream_mode`` asks for."""
        return super().astream(input, _named(config), **options)  # type: ignore[misc,no-any-return]

    def copy(self, update: dict[str, Any] | None = None) -> Any:
        """Return a copy with other settings, as ``with_config`` needs it."""
        made = super().copy(update)  # type: ignore[misc]
        made._prompts = self._prompts
        return made


def _traced(
    app: Any,
    wanted: dict[str, list[Prompt]],
    found: list[ParameterNode[Any]],
    threads: WeakKeyDictionary[Any, Threads],
    prefix: str,
) -> Any:
    shape = Shape(app.channels, threads)
    nodes = {}
    for name, node in app.nodes.items():
        writers = [_writer(writer, shape) for writer in node.writers]
        changed: dict[str, Any] = {"writers": writers}
        if name == "__start__":
            changed["bound"] = RecordedStart(node, shape)
        elif isinstance(node.bound, Pregel):
            inner = _traced(node.bound, wanted, found, threads, f"{prefix}{name}.")
            changed["bound"] = RecordedGraph(
                name, node, inner, shape, Shape(node.bound.channels, threads)
            )
            changed["subgraphs"] = [inner]
        else:
            make = _placed(node.bound, wanted, found, prefix + name, "node")
            if PREVIOUS in app.channels:
                tasks = {
                    fun: made
                    for task, fun in tasks_in(node.bound.func or node.bound.afunc).items()
                    if (made := _placed(fun, wanted, found, prefix + task, "task")) is not None
                }
                changed["bound"] = RecordedEntrypoint(name, node, shape, make, tasks)
            elif holds_tools(node.bound):
                changed["bound"] = RecordedTools(name, node, shape, make)
            else:
                changed["bound"] = RecordedNode(name, node, shape, make)
        nodes[name] = node.copy(changed)
    kind = type(app)
    both = type(kind.__name__, (TracedGraph, kind), {"__module__": kind.__module__})
    settings = {key: value for key, value in vars(app).items() if key != "__orig_class__"}
    made = both(**{**settings, "nodes": nodes})
    vars(made).update({key: v for key, v in settings.items() if key not in vars(made)})
    made._prompts = tuple(found)
    for node in nodes.values():
        if isinstance(node.bound, RecordedEntrypoint):
            node.bound.graph = made
    return made


def _placed(
    holder: Any,
    wanted: dict[str, list[Prompt]],
    found: list[ParameterNode[Any]],
    name: str,
    kind: str,
) -> Make | None:
    """Return what gives a node or task with its prompts; None where none is wanted there."""
    if (given := wanted.pop(name, None)) is None:
        return None
    make, placed = place(holder, given, f"{kind} {name!r}")
    found.extend(p for p in placed if all(p is not f for f in found))
    return make


def _writer(writer: Any, shape: Shape) -> Any:
    """Return a writer as it is, or for a conditional edge one whose function is recorded."""
    route = getattr(getattr(writer, "func", None), "__self__", None)
    if not isinstance(route, BranchSpec):
        return writer
    recorded = route._replace(path=RecordedPath(route.path, route.ends, shape))
    made = copy.copy(writer)
    made.func, made.afunc = recorded._route, recorded._aroute
    return made


def _named(config: Any) -> Any:
    known = ((config or {}).get("configurable") or {}).get(RUN)
    if known is not None:
        return config
    return merge_configs(config, {"configurable": {RUN: uuid.uuid4().hex}})


def _listed(given: Any) -> list[Prompt]:
    return [given] if isinstance(given, (str, ParameterNode)) else list(given)
