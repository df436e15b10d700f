"""A part of the graph to look at: the calls between some parameters and some outputs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tracegraph.graph.containers import convert
from tracegraph.graph.feedback import Feedback, ancestors
from tracegraph.graph.node import MessageNode, Node

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import networkx


class Subgraph:
    """Calls in topological order, with the parameters and inputs that they start from.

    Attributes:
        calls: the recorded calls, parents before children.
        parameters: the trainable roots.
        inputs: the other nodes that the calls use; an inner result counts as an input when the
            calls that made it are not part of the graph.
        outputs: the nodes that the graph ends in.
        feedback: what was said about the outputs, if anything was.
        left_out: how many calls between parameters and outputs were cut away.
        names: a unique Python name for each node, by ``id``: the same program gives the same
            names, whatever ran before.
    """

    def __init__(
        self,
        calls: Sequence[MessageNode[Any]],
        outputs: Sequence[Node[Any]],
        *,
        feedback: Feedback | None = None,
        left_out: int = 0,
        name: str = "graph",
        values: Iterable[tuple[Node[Any], Any]] = (),
    ) -> None:
        self.name = name
        self._values = {id(node): value for node, value in values}
        self.calls = list(calls)
        self.outputs = list(outputs)
        self.feedback = feedback
        self.left_out = left_out
        inside = {id(node) for node in self.calls}
        roots: dict[int, Node[Any]] = {}
        for node in [*self.calls, *outputs]:
            for parent in node._flow() if id(node) in inside else (node,):
                if id(parent) not in inside:
                    roots.setdefault(id(parent), parent)
        self.parameters = [node for node in roots.values() if node.trainable]
        self.inputs = [node for node in roots.values() if not node.trainable]
        self.names = _names(self.parameters, self.inputs, self.calls)

    @classmethod
    def of(
        cls,
        outputs: Sequence[Node[Any]],
        *,
        name: str = "graph",
        values: Iterable[tuple[Node[Any], Any]] = (),
    ) -> Subgraph:
        """Return everything that the outputs depend on."""
        calls, _ = ancestors(outputs)
        return cls(calls, outputs, name=name, values=values)

    @classmethod
    def between(
        cls,
        feedback: Feedback,
        parameters: Iterable[Node[Any]] | None = None,
        *,
        limit: int | None = None,
        values: Iterable[tuple[Node[Any], Any]] = (),
    ) -> Subgraph:
        """Return the calls that depend on the parameters and that the outputs depend on."""
        wanted = feedback.parameters if parameters is None else list(parameters)
        marked = {id(node) for node in wanted}
        calls = []
        for node in feedback.order:
            if any(id(parent) in marked for parent in node._flow()):
                marked.add(id(node))
                calls.append(node)
        kept = calls if limit is None or len(calls) <= limit else _nearest(calls, limit)
        outputs = [node for node in feedback.outputs if id(node) in marked] or feedback.outputs
        left_out = len(calls) - len(kept)
        return cls(kept, outputs, feedback=feedback, left_out=left_out, values=values)

    def name_of(self, node: Node[Any]) -> str:
        """Return the name of a node in this graph."""
        return self.names.get(id(node)) or node.py_name

    def value_of(self, node: Node[Any]) -> Any:
        """Return the value of a node; of a parameter, the one that it had in the recording."""
        return self._values.get(id(node), node._data)

    def line(self, node: MessageNode[Any], *, length: int = 60) -> str:
        """Return a call as code: ``out = fun(x=a, n=3)``, constants cut to ``length``."""
        bound = node.operation.bind(node._args, node._kwargs)
        receiver = node._receiver()
        args = [f"{k}={self._shown(v, length, v is receiver)}" for k, v in bound.items()]
        args += [
            f"{_identifier(key)}={self.name_of(value)}"
            for key, value in (node._extra or {}).items()
        ]
        return f"{self.name_of(node)} = {_identifier(node.operation.name)}({', '.join(args)})"

    def _shown(self, value: Any, length: int, by_type: bool) -> str:
        if isinstance(value, Node):
            return self.name_of(value)
        named = value if by_type else convert(value, lambda n: _Name(self.name_of(n)))
        if by_type or getattr(type(named), "__repr__", None) is object.__repr__:
            return f"<{type(named).__name__}>"
        return shorten(repr(named), length)

    def edges(self) -> list[tuple[Node[Any], MessageNode[Any], str, bool]]:
        """Return (parent, child, the child's argument, whether inferred) for each edge."""
        shown = set(self.names)
        return [
            (parent, node, key, key in node.inferred)
            for node in self.calls
            for key, parent in node.inputs.items()
            if id(parent) in shown
        ]

    def nodes(self) -> list[Node[Any]]:
        """Return all nodes: parameters, inputs, then calls in order."""
        return [*self.parameters, *self.inputs, *self.calls]

    def to_networkx(self) -> networkx.DiGraph[str]:
        """Return the graph for networkx; nodes by name, with ``node`` and ``kind``."""
        from tracegraph.graph.export import to_networkx

        return to_networkx(self)

    def to_json(self) -> dict[str, Any]:
        """Return the graph as a JSON document: stable, versioned, read by ``from_json``."""
        from tracegraph.graph.export import to_json

        return to_json(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the graph as its suffix says: .html, .json, .dot, .mmd, .svg or .png."""
        from tracegraph.graph.export import Drawing

        return Drawing(self).save(path)

    def __len__(self) -> int:
        return len(self.calls)

    def __repr__(self) -> str:
        cut = f", {self.left_out} calls left out" if self.left_out else ""
        return f"<Subgraph of {len(self.calls)} calls, {len(self.parameters)} parameters{cut}>"


class _Name:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


def shorten(text: str, length: int) -> str:
    """Cut the middle out of a text that is longer than ``length``, and say how much."""
    if len(text) <= length:
        return text
    head, tail = text[: length * 2 // 3], text[-(length // 4) :]
    return f"{head}…({len(text) - len(head) - len(tail)} more)…{tail}"


def _nearest(calls: list[MessageNode[Any]], limit: int) -> list[MessageNode[Any]]:
    """Keep the calls nearest to the parameters or to the outputs, in their order."""
    place = {id(node): i for i, node in enumerate(calls)}
    from_start = [0] * len(calls)
    for i, node in enumerate(calls):
        before = [from_start[place[id(p)]] + 1 for p in node._flow() if id(p) in place]
        from_start[i] = min(before, default=0)
    to_end: list[int | None] = [None] * len(calls)
    for i in range(len(calls) - 1, -1, -1):
        mine = to_end[i] = 0 if to_end[i] is None else to_end[i]
        for parent in calls[i]._flow():
            j = place.get(id(parent))
            if j is not None and (to_end[j] is None or mine + 1 < to_end[j]):  # type: ignore[operator]
                to_end[j] = mine + 1  # type: ignore[operator]
    ranked = sorted(range(len(calls)), key=lambda i: (min(from_start[i], to_end[i] or 0), -i))
    return [calls[i] for i in sorted(ranked[:limit])]


def _identifier(text: str) -> str:
    name = "".join(c if c.isalnum() or c == "_" else "_" for c in text)
    return name if name and not name[0].isdigit() else f"_{name}"


def _names(*groups: Sequence[Node[Any]]) -> dict[int, str]:
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    names: dict[int, str] = {}
    for group in groups:
        for node in group:
            base, name = _identifier(node._base), node.py_name
            while node._index == -1 or name in taken:
                name = f"{base}{numbers[base]}"
                numbers[base] += 1
                if name not in taken:
                    break
            taken.add(name)
            names[id(node)] = name
    return names
