"""A graph as one HTML page: no network, no libraries, nothing of the values is ever run."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from tracegraph.graph.export.as_json import describe, feedback_of
from tracegraph.graph.export.kinds import kinds, preview, printable, said_of
from tracegraph.graph.export.layout import HEIGHT, WIDTH, layered
from tracegraph.graph.export.page_text import Texts
from tracegraph.graph.export.values import Encoder
from tracegraph.graph.node import ExceptionNode, MessageNode, Node
from tracegraph.graph.parameter import ParameterNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracegraph.graph.subgraph import Subgraph

_SCRIPTS = ("page_drawing.js", "page_view.js", "page_choice.js", "page_panel.js")
_NOTES = 200  # more feedback than this is listed, but not drawn


def to_html(graph: Subgraph, *, title: str | None = None) -> str:
    """Return a page that shows the graph, its values, feedback and code.

    Long values are cut, so that the page of thousands of nodes opens; each says how much is cut.
    """
    data = json.dumps(PageData(graph).data(), allow_nan=False, separators=(",", ":"))
    # Inside a script element only these could end it; json.dumps has escaped the rest.
    for letter in "<>&":
        data = data.replace(letter, f"\\u{ord(letter):04x}")
    style = _file("page.css")
    # One block, so that the names are the page's own.
    script = '"use strict";\n{\n' + "".join(map(_file, _SCRIPTS)) + "}\n"
    named = title or (f"{graph.name} - tracegraph" if graph.name != "graph" else "tracegraph")
    parts = {
        "title": html.escape(printable(named)),
        "style": style,
        "script": script,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "data": data,
    }
    page = _file("page.html")
    # One pass from left to right, so that nothing inside a part is taken for a place.
    pieces = page.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        filled += [parts[name], rest]
    return "".join(filled)


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class PageData:
    """What a page is told of a graph, as plain JSON."""

    def __init__(self, graph: Subgraph) -> None:
        self.graph = graph
        self.nodes = kinds(graph)
        self.places = {id(node): i for i, (node, _) in enumerate(self.nodes)}
        self.outputs = {id(node) for node in graph.outputs}
        self.text = Texts(len(self.nodes))
        self.operations: list[dict[str, Any]] = []
        self.known: dict[int, int] = {}
        self.inputs = {
            id(node): node.inputs if _fits(node) else dict(node._extra or {})
            for node in graph.calls
        }

    @staticmethod
    def whole(graph: Subgraph, place: int) -> dict[str, Any]:
        """Return the value of one node, as long as a page takes it alone."""
        return Texts(1)(graph.value_of(graph.nodes()[place]))

    def data(self, tell: Callable[[float], None] | None = None) -> dict[str, Any]:
        """Return nodes with their places, pieces of edges, feedback and code.

        ``tell`` gets the share that is done, from 0 to 1.
        """
        feedback = self._feedback()
        nodes = [self._node(node, kind) for node, kind in self.nodes]
        edges = [
            (self.places[id(parent)], self.places[id(node)])
            for node in self.graph.calls
            for parent in (*self.inputs[id(node)].values(), *node._flow())
            if id(parent) in self.places
        ]
        notes = feedback[:_NOTES]
        for i, sent in enumerate(notes):
            edges.append((sent["node"], len(nodes)))
            nodes.append({"kind": "feedback", "name": "feedback", "note": i,
                          "shown": sent["shown"]})  # fmt: skip
        placed = layered(len(nodes), edges, tell)
        for node, x, y, layer in zip(nodes, placed.x, placed.y, placed.layer, strict=True):
            node.update(x=round(x, 1), y=round(y, 1), layer=layer)
        return {
            "name": printable(self.graph.name),
            "left_out": self.graph.left_out,
            "size": [WIDTH, HEIGHT],
            "nodes": nodes,
            "operations": self.operations,
            "feedback": feedback,
            "outputs": [self.places[id(node)] for node in self.graph.outputs],
            "segments": [
                [s.source, s.target, s.layer, *(round(v, 1) for v in (s.x1, s.y1, s.x2, s.y2))]
                for s in placed.segments
            ],
            "guessed": self._guessed(),
        }

    def _feedback(self) -> list[dict[str, Any]]:
        return [
            {
                "node": self.places[id(node)],
                "text": self.text(text),
                "score": self.text.score(score),
                "shown": said_of(node, text, 30),
            }
            for sent in feedback_of(self.graph)
            for node, text, score in zip(sent.outputs, sent.texts, sent.scores, strict=True)
            if id(node) in self.places
        ]

    def _node(self, node: Node[Any], kind: str) -> dict[str, Any]:
        value = self.graph.value_of(node)
        entry: dict[str, Any] = {
            "kind": kind,
            "name": self.graph.name_of(node),
            "shown": preview(value, 30),
            "type": type(value).__name__,
            "value": self.text(value),
        }
        if id(node) in self.outputs:
            entry["output"] = True
        if node._index != -1 and node.name != entry["name"]:
            entry["label"] = node.name
        if node.constraint:
            entry["constraint"] = self.text(node.constraint)
        if node.description:
            entry["description"] = self.text(node.description)
        if isinstance(node, ParameterNode):
            entry["parameter"] = node.kind
            entry["version"] = node.version
        if kind in ("call", "exception") and isinstance(node, MessageNode):
            entry["line"] = self._line(node)
            entry["operation"] = self._operation(node)
            entry["inputs"] = [
                self._input(key, value, key in node.inferred)
                for key, value in self.inputs[id(node)].items()
            ]
        if isinstance(node, ExceptionNode):
            entry["error"] = self.text.cut(node.create_feedback("full"))
        return entry

    def _line(self, node: MessageNode[Any]) -> dict[str, Any] | None:
        try:
            return self.text.cut(self.graph.line(node))
        except Exception:  # arguments that do not fit, or the repr of one raises
            return None

    def _input(self, key: str, value: Node[Any], inferred: bool) -> dict[str, Any]:
        place = self.places.get(id(value))
        entry: dict[str, Any] = {"name": key}
        if place is None:
            entry["value"] = preview(value._data, 300)
        else:
            entry["node"] = place
        if inferred:
            entry["inferred"] = True
        return entry

    def _operation(self, node: MessageNode[Any]) -> int:
        operation = node.operation
        if id(operation) not in self.known:
            self.known[id(operation)] = len(self.operations)
            told = describe(operation, Encoder({}))
            self.operations.append(
                {
                    "name": told["name"],
                    "signature": told["signature"],
                    "source": self.text.code(told["source"]),
                }
            )
        return self.known[id(operation)]

    def _guessed(self) -> list[list[int]]:
        """Return the edges of which every argument is inferred."""
        sure: dict[tuple[int, int], bool] = {}
        for node in self.graph.calls:
            for key, parent in self.inputs[id(node)].items():
                if id(parent) in self.places:
                    ends = self.places[id(parent)], self.places[id(node)]
                    sure[ends] = sure.get(ends, False) or key not in node.inferred
        return [list(ends) for ends, is_sure in sure.items() if not is_sure]


def _fits(node: MessageNode[Any]) -> bool:
    """Whether the arguments fit the signature: a call may have failed because they do not."""
    try:
        node.operation.bind(node._args, node._kwargs)
    except TypeError:
        return False
    return True
