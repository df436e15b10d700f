"""A stored graph, laid out once and kept while it is looked at."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any

from starlette.requests import Request

from tracegraph.errors import TracegraphError
from tracegraph.graph.export import from_json
from tracegraph.graph.export.as_html import PageData
from tracegraph.graph.subgraph import Subgraph
from tracegraph.runs import Store
from tracegraph.viewer.data import store_of

_KEPT = 8  # laid-out graphs


class Drawn:
    """What the page and its questions need of one graph.

    Args:
        graph: as it was recorded.
        blame: the share and the reason of calls and parameters, by name.
    """

    def __init__(self, graph: Subgraph, blame: dict[str, tuple[float, str]]) -> None:
        self.graph = graph
        self.data = PageData(graph).data()
        self.texts = [_searched(node, self.data["operations"]) for node in self.data["nodes"]]
        self.brief = self._brief(blame)

    def _brief(self, blame: dict[str, tuple[float, str]]) -> dict[str, Any]:
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

    def get(self, store: Store, evaluation: str, minimal: bool) -> Drawn:
        """Return the graph of an evaluation, or what of it lies between parameters and outputs."""
        with self._lock:  # also while it is laid out: the page asks several things at once
            key = (evaluation, minimal)
            if key not in self._drawn:
                document, run = stored_graph(store, evaluation)
                graph = from_json(document)
                shown = between(graph) if minimal else graph
                self._drawn[key] = Drawn(shown, blame_of(store, run))
                while len(self._drawn) > _KEPT:
                    self._drawn.popitem(last=False)
            self._drawn.move_to_end(key)
            return self._drawn[key]


def drawn(request: Request) -> Drawn:
    """Return the graph that a request asks about."""
    state = request.app.state
    if not hasattr(state, "graphs"):
        state.graphs = Kept()
    kept: Kept = state.graphs
    minimal = request.query_params.get("minimal") == "1"
    return kept.get(store_of(request), str(request.path_params["evaluation"]), minimal)


def stored_graph(store: Store, evaluation: str) -> tuple[Any, str]:
    """Return the document of an evaluation's graph, and the run.

    Raises:
        TracegraphError: there is no such evaluation, or it kept no graph.
    """
    rows = store.fetch(
        "SELECT run, json_extract(payload, '$.graph') AS graph FROM evaluations WHERE id = ?",
        [evaluation],
    )
    if not rows:
        raise TracegraphError(f"there is no evaluation {evaluation!r} in {store.path}")
    if rows[0]["graph"] is None:
        raise TracegraphError(f"evaluation {evaluation} kept no graph: nothing was recorded")
    return json.loads(rows[0]["graph"]), rows[0]["run"]


def blame_of(store: Store, run: str) -> dict[str, tuple[float, str]]:
    """Return the blame of calls and parameters that the last step of a run measured."""
    rows = store.fetch(
        "SELECT payload FROM events WHERE run = ? AND kind = 'step' ORDER BY id DESC LIMIT 1", [run]
    )
    found: dict[str, tuple[float, str]] = {}
    for entry in json.loads(rows[0][0]).get("blame", []) if rows else []:
        found.setdefault(str(entry["name"]), (float(entry["share"]), str(entry["why"])))
    return found


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
