"""A graph laid out once, and kept while it is looked at."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from tracegraph.errors import TracegraphError
from tracegraph.graph.export.as_html import PageData
from tracegraph.graph.subgraph import Subgraph
from tracegraph.viewer.graphs.sources import Blame, Source, source_of

_KEPT = 8  # laid-out graphs


class Drawn:
    """What the page and its questions need of one graph.

    Args:
        graph: as it was recorded.
        blame: of calls and parameters, by name.
        tell: gets the share of the work that is done, from 0 to 1.
    """

    def __init__(
        self, graph: Subgraph, blame: Blame, tell: Callable[[float], None] | None = None
    ) -> None:
        self.graph = graph
        self.data = PageData(graph).data(tell)
        self.texts = [_searched(node, self.data["operations"]) for node in self.data["nodes"]]
        self.brief = self._brief(blame)

    def _brief(self, blame: Blame) -> dict[str, Any]:
        data = self.data
        said: dict[int, int] = {}
        for one in data["feedback"]:
            said[one["node"]] = said.get(one["node"], 0) + 1
        nodes = []
        for place, node in enumerate(data["nodes"]):
            entry = {key: node[key] for key in ("kind", "name", "shown", "x", "y", "layer")}
            operation = node.get("operation")
            name = node["name"] if operation is None else data["operations"][operation]["name"]
            share, why = blame.get(name, (None, ""))
            entry |= {"output": True} if node.get("output") else {}
            entry |= {"said": said[place]} if place in said else {}
            entry |= {"blame": round(share, 4), "why": why} if share is not None else {}
            nodes.append(entry)
        kept = ("name", "left_out", "size", "outputs", "segments", "guessed")
        return {"nodes": nodes, **{key: data[key] for key in kept}}

    def node(self, place: int) -> dict[str, Any]:
        """Return everything that is shown of a node.

        Raises:
            TracegraphError: there is no such node.
        """
        nodes = self.data["nodes"]
        if not 0 <= place < len(nodes):
            raise TracegraphError(f"the graph has {len(nodes)} nodes, and none is number {place}")
        told = dict(nodes[place])
        if "note" not in told:
            # Alone, a value may be longer than among thousands.
            told["value"] = PageData.whole(self.graph, place)
        if "operation" in told:
            told["operation"] = self.data["operations"][told["operation"]]
        told["feedback"] = [
            one for i, one in enumerate(self.data["feedback"])
            if one["node"] == place or told.get("note") == i
        ]  # fmt: skip
        return told

    def search(self, text: str) -> list[int]:
        """Return the nodes whose name, description, value or code holds a text."""
        wanted = text.strip().lower()
        return [i for i, held in enumerate(self.texts) if wanted in held] if wanted else []


class Kept:
    """The graphs that were looked at last."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[tuple[str, bool], Drawn] = OrderedDict()
        self._lock = threading.Lock()
        self._done: dict[tuple[str, bool], float] = {}

    def get(self, source: Source, minimal: bool) -> Drawn:
        """Return a graph, or what of it lies between parameters and outputs."""
        with self._lock:  # also while it is laid out: the page asks several things at once
            key = (source.key, minimal)
            if key not in self._drawn:
                self._drawn[key] = self._made(source, key)
                while len(self._drawn) > _KEPT:
                    self._drawn.popitem(last=False)
            self._drawn.move_to_end(key)
            return self._drawn[key]

    def _made(self, source: Source, key: tuple[str, bool]) -> Drawn:
        try:
            self._done[key] = 0.0
            graph, blame = source.read()
            self._done[key] = 0.1
            return Drawn(
                between(graph) if key[1] else graph, blame,
                lambda share: self._done.update({key: 0.1 + 0.9 * share}),
            )  # fmt: skip
        finally:
            del self._done[key]

    def done(self, source: Source, minimal: bool) -> float | None:
        """Return the share of a layout that is done; None while none is made."""
        return self._done.get((source.key, minimal))


def drawn(request: Request) -> Drawn:
    """Return the graph that a request asks about, laid out."""
    return _kept(request).get(source_of(request), _minimal(request))


def done(request: Request) -> float | None:
    """Return how much of it is laid out."""
    return _kept(request).done(source_of(request), _minimal(request))


def _kept(request: Request) -> Kept:
    kept: Kept = request.app.state.graphs
    return kept


def _minimal(request: Request) -> bool:
    return request.query_params.get("minimal") == "1"


def between(graph: Subgraph) -> Subgraph:
    """Return the calls that depend on a parameter and that an output depends on."""
    marked = {id(node) for node in graph.parameters}
    below = []
    for node in graph.calls:
        if any(id(parent) in marked for parent in node._flow()):
            marked.add(id(node))
            below.append(node)
    needed = {id(node) for node in graph.outputs}
    kept = []
    for node in reversed(below):
        if id(node) in needed:
            needed.update(id(parent) for parent in node._flow())
            kept.append(node)
    outputs = [node for node in graph.outputs if id(node) in marked] or graph.outputs
    made = Subgraph(kept[::-1], outputs, feedback=graph.feedback, name=graph.name,
                    left_out=graph.left_out)  # fmt: skip
    made.names = {id(node): graph.name_of(node) for node in made.nodes()}
    return made


def _searched(node: dict[str, Any], operations: list[dict[str, Any]]) -> str:
    told = [node["name"], node.get("label"), node["shown"]]
    told += [
        node[key]["text"] for key in ("value", "description", "line", "error") if node.get(key)
    ]
    if "operation" in node:
        told.append(operations[node["operation"]]["source"]["text"])
    return "\n".join(filter(None, told)).lower()
