"""A graph as JSON: one stable, versioned form; the same program gives the same bytes.

A document holds ``format``, ``version``, ``name``, ``left_out``, ``operations`` (each function
once), ``nodes`` (parameters, inputs, then calls, parents before children; ``id`` is the
position), ``edges``, ``outputs`` (positions) and ``feedback``. How values are written is told in
`tracegraph.graph.export.values`.
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from tracegraph.graph.export.kinds import kind_of
from tracegraph.graph.export.values import Encoder, stable_repr, type_name, without_addresses
from tracegraph.graph.node import UNNUMBERED, ExceptionNode, MessageNode, Node
from tracegraph.graph.parameter import ParameterNode

if TYPE_CHECKING:
    from tracegraph.graph.feedback import Feedback
    from tracegraph.graph.operation import Operation
    from tracegraph.graph.subgraph import Subgraph

FORMAT = "tracegraph.graph"
VERSION = 1


def to_json(graph: Subgraph) -> dict[str, Any]:
    """Return the graph as a document of plain dicts, lists, texts and numbers.

    Values that JSON cannot hold are kept as their repr and type, marked ``$repr``.
    """
    return _Writer(graph).document()


def json_text(graph: Subgraph) -> str:
    """Return the document as ASCII text that ends with a line break."""
    return json.dumps(to_json(graph), indent=1, allow_nan=False) + "\n"


def feedback_of(graph: Subgraph) -> list[Feedback]:
    """Return the feedback about outputs inside the graph: its own, and what its nodes received."""
    shown = set(graph.names)
    found = {} if graph.feedback is None else {id(graph.feedback): graph.feedback}
    for node in graph.nodes():
        found.update({id(sent): sent for sent in node.feedback})
    return [sent for sent in found.values() if any(id(node) in shown for node in sent.outputs)]


class _Writer:
    def __init__(self, graph: Subgraph) -> None:
        self.graph = graph
        self.nodes = graph.nodes()
        self.places = {id(node): i for i, node in enumerate(self.nodes)}
        # A value may hold nodes that come later: only arguments refer to nodes.
        self.value = Encoder({})
        self.operations: list[dict[str, Any]] = []
        self.known: dict[int, int] = {}
        self.written: dict[str, int] = {}
        self.edges: list[dict[str, Any]] = []
        self.sent = feedback_of(graph)

    def document(self) -> dict[str, Any]:
        calls = {id(node) for node in self.graph.calls}
        nodes = [self._node(node, id(node) in calls) for node in self.nodes]
        return {
            "format": FORMAT,
            "version": VERSION,
            "name": self.graph.name,
            "left_out": self.graph.left_out,
            "operations": self.operations,
            "nodes": nodes,
            "edges": self.edges,
            "outputs": [self.places[id(node)] for node in self.graph.outputs],
            "feedback": [self._feedback(sent) for sent in self.sent],
        }

    def _node(self, node: Node[Any], is_call: bool) -> dict[str, Any]:
        name = self.graph.name_of(node)
        entry: dict[str, Any] = {
            "id": self.places[id(node)],
            "kind": kind_of(node, is_call),
            "name": name,
            # A node outside of recordings is numbered by its age, which tells nothing.
            "label": name if node._index == UNNUMBERED else node.name,
            "type": type_name(self.graph.value_of(node)),
            "value": self.value(self.graph.value_of(node)),
            "constraint": node.constraint,
            "feedback": [i for i, sent in enumerate(self.sent) if sent in node.feedback],
        }
        if is_call and isinstance(node, MessageNode):
            entry.update(self._call(node))
        else:
            entry["description"] = node.description
        if isinstance(node, ParameterNode):
            entry["parameter"] = {
                "kind": node.kind,
                "constraints": [str(constraint) for constraint in node.constraints],
                "version": node.version,
            }
        return entry

    def _call(self, node: MessageNode[Any]) -> dict[str, Any]:
        place = self.places[id(node)]
        encode = Encoder(self.places)
        arguments = {}
        for key, value in bound(node).items():
            receiver = value is node._receiver()
            arguments[key] = opaque(value) if receiver else encode(value, key)
        read = {
            key: self.places[id(parent)]
            for key, parent in (node._extra or {}).items()
            if id(parent) in self.places
        }
        linked = {place for _, place in encode.edges} | set(read.values())
        for parent in node._flow():
            if self.places[id(parent)] not in linked:
                read[self.graph.name_of(parent)] = self.places[id(parent)]
        for key, source in [*encode.edges, *read.items()]:
            self.edges.append(
                {
                    "source": source,
                    "target": place,
                    "argument": key,
                    "inferred": key in node.inferred,
                }
            )
        made = {"operation": self._operation(node.operation), "arguments": arguments, "read": read}
        if isinstance(node, ExceptionNode):
            made["error"] = node.create_feedback("full")
        return made

    def _operation(self, operation: Operation) -> int:
        place = self.known.get(id(operation))
        if place is None:
            entry = describe(operation, self.value)
            # Two objects that say the same are one operation: copies of a method, say.
            place = self.written.setdefault(json.dumps(entry), len(self.operations))
            if place == len(self.operations):
                self.operations.append(entry)
            self.known[id(operation)] = place
        return place

    def _feedback(self, sent: Feedback) -> dict[str, Any]:
        about = [
            {"node": self.places[id(node)], "text": self.value(text), "score": self.value(score)}
            for node, text, score in zip(sent.outputs, sent.texts, sent.scores, strict=True)
            if id(node) in self.places
        ]
        received = {
            str(self.places[key]): [self.value(item) for item in items]
            for key, items in sent.received.items()
            if key in self.places
        }
        return {"about": about, "of_the_graph": sent is self.graph.feedback, "received": received}


def bound(node: MessageNode[Any]) -> dict[str, Any]:
    """Return the arguments of a call by name; by number when they do not fit the signature."""
    try:
        return node.operation.bind(node._args, node._kwargs)
    except TypeError:  # the call failed for just this reason
        return {f"arg_{i}": arg for i, arg in enumerate(node._args)} | dict(node._kwargs)


def opaque(value: Any) -> dict[str, Any]:
    """Return the object of a method: its type is what matters."""
    return {"$repr": f"<{type(value).__name__}>", "type": type_name(value)}


def describe(operation: Operation, encode: Encoder) -> dict[str, Any]:
    """Return what is known of a function without running it."""
    stored = getattr(operation, "entry", None)
    if stored is not None:
        return dict(stored)
    signature = operation.signature
    defaults, receiver = {}, None
    if operation.receiver:
        receiver = next(iter(signature.parameters), None) if signature is not None else "self"
    if signature is not None and not operation.arguments:
        for key, parameter in signature.parameters.items():
            if parameter.default is not inspect.Parameter.empty and parameter.default is not None:
                defaults[key] = encode(parameter.default)
    return {
        "name": operation.name,
        "description": operation.description,
        "doc": operation.doc,
        "signature": signature_text(operation),
        "source": operation.source,
        "receiver": receiver,
        "defaults": defaults,
    }


def signature_text(operation: Operation) -> str:
    """Return the signature as it is written in Python; empty where there is none."""
    stored = getattr(operation, "entry", None)
    if stored is not None:
        return str(stored["signature"])
    signature = operation.signature
    try:
        return "" if signature is None else without_addresses(str(signature))
    except Exception:  # the repr of a default may do anything
        return stable_repr(signature)
