"""Values written as JSON: exactly where JSON can hold them, else as their repr, marked as such.

Text, numbers, true, false, null, lists and dicts with text keys are themselves. The rest is an
object with one key that begins with ``$``: ``$tuple``, ``$set``, ``$frozenset``, ``$dict``
(pairs), ``$float`` (nan, inf), ``$int`` (hexadecimal, beyond 53 bits), ``$complex``, ``$bytes``
(base64), ``$text`` (pieces), ``$node`` (a position), ``$object`` (fields), ``$repr``.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import re
from typing import TYPE_CHECKING, Any

from tracegraph.graph.containers import NodeContainer, holds_nodes
from tracegraph.graph.export.placeholders import Stored, StoredFields
from tracegraph.graph.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
# Two halves of a pair that stand side by side would be read back as one character.
_BETWEEN_HALVES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")
_DEPTH = 100
_PARTS = 1_000_000  # lists that share their parts can be small in memory and endless in writing
_EXACT = 2**53


def type_name(value: Any) -> str:
    """Return the name of a value's type, with its module unless it is a builtin."""
    if isinstance(value, (Stored, StoredFields)):
        return type(value).stored_type
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def stable_repr(value: Any) -> str:
    """Return a repr that is the same in each process: without addresses, never an error."""
    if has_no_repr(value):
        return f"<{type(value).__name__}>"
    try:
        return without_addresses(repr(value))
    except Exception as error:  # a repr of the user's may do anything
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"


def has_no_repr(value: Any) -> bool:
    """Whether nobody said how the value is to be written, so Python would tell its address."""
    return getattr(type(value), "__repr__", None) is object.__repr__


def without_addresses(text: str) -> str:
    """Return the text without the addresses of objects."""
    return _ADDRESS.sub("at 0x…", text)


class Encoder:
    """Writes values; nodes inside become their positions, with the path noted in ``edges``.

    Args:
        places: the position of each node of the graph, by ``id``.
    """

    def __init__(self, places: Mapping[int, int]) -> None:
        self._places = places
        self._open: set[int] = set()
        self._left = _PARTS
        self.edges: list[tuple[str, int]] = []

    def __call__(self, value: Any, path: str = "") -> Any:
        """Return the value as JSON; ``path`` is what edges to nodes inside are called."""
        self._left = _PARTS
        return self._write(value, path)

    def _write(self, value: Any, path: str) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            pieces = _BETWEEN_HALVES.split(value)
            return value if len(pieces) == 1 else {"$text": pieces}
        if kind is int:
            return value if -_EXACT < value < _EXACT else {"$int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"$float": repr(value)}
        if kind is complex:
            return {"$complex": [self._write(part, path) for part in (value.real, value.imag)]}
        if kind is bytes:
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        if isinstance(value, Node):
            return self._node(value, path)
        if kind in (list, tuple, set, frozenset, dict) or holds_nodes(value):
            return self._container(value, path)
        return {"$repr": stable_repr(value), "type": type_name(value)}

    def _node(self, node: Node[Any], path: str) -> Any:
        place = self._places.get(id(node))
        if place is None:
            return self._write(node._data, path)
        self.edges.append((path, place))
        return {"$node": place}

    def _container(self, value: Any, path: str) -> Any:
        self._left -= 1
        if id(value) in self._open or len(self._open) >= _DEPTH or self._left < 0:
            why = "holds itself" if id(value) in self._open else "too deep or large to write"
            return {"$repr": f"<{type(value).__name__}, {why}>", "type": type_name(value)}
        self._open.add(id(value))
        try:
            if isinstance(value, dict):
                return self._dict(value, path)
            if isinstance(value, list):
                return self._items(value, path)
            if isinstance(value, tuple):
                return {"$tuple": self._items(value, path)}
            if isinstance(value, (set, frozenset)):
                tag = "$set" if isinstance(value, set) else "$frozenset"
                return {tag: self._items(self._sorted(value), path)}
            return self._object(value, path)
        finally:
            self._open.discard(id(value))

    def _items(self, items: Iterable[Any], path: str) -> list[Any]:
        return [self._write(item, f"{path}[{i}]" if path else "") for i, item in enumerate(items)]

    def _sorted(self, items: Iterable[Any]) -> list[Any]:
        before = len(self.edges)
        keyed = sorted(((json.dumps(self._write(i, "")), i) for i in items), key=lambda p: p[0])
        del self.edges[before:]
        return [item for _, item in keyed]

    def _dict(self, value: dict[Any, Any], path: str) -> Any:
        def inner(key: Any) -> str:
            return f"{path}[{stable_repr(key)}]" if path else ""

        if all(type(key) is str and key[:1] != "$" and _plain(key) for key in value):
            return {key: self._write(item, inner(key)) for key, item in value.items()}
        return {"$dict": [[self._write(k, ""), self._write(v, inner(k))] for k, v in value.items()]}

    def _object(self, value: Any, path: str) -> Any:
        if isinstance(value, NodeContainer):
            fields: dict[str, Any] = dict(vars(value))
        else:
            fields = {f.name: getattr(value, f.name, None) for f in dataclasses.fields(value)}
        if isinstance(value, StoredFields):
            shown = type(value).stored_shown
        else:
            shown = not has_no_repr(value)
        written = {
            key: self._write(item, f"{path}.{key}" if path else "") for key, item in fields.items()
        }
        return {"$object": {"type": type_name(value), "shown": shown, "fields": written}}


class Decoder:
    """Reads what `Encoder` wrote.

    Args:
        node_at: gives the node at a position.
    """

    def __init__(self, node_at: Callable[[int], Node[Any]]) -> None:
        self._node_at = node_at
        self._types: dict[tuple[type, str, bool], type] = {}

    def __call__(self, data: Any) -> Any:
        """Return the value."""
        if isinstance(data, list):
            return [self(item) for item in data]
        if not isinstance(data, dict):
            return data
        tag = next((key for key in data if key.startswith("$")), None)
        if tag is None:
            return {key: self(item) for key, item in data.items()}
        return self._tagged(tag, data[tag], data)

    def _tagged(self, tag: str, inner: Any, data: dict[str, Any]) -> Any:
        match tag:
            case "$node":
                return self._node_at(inner)
            case "$tuple":
                return tuple(self(item) for item in inner)
            case "$set":
                return {self(item) for item in inner}
            case "$frozenset":
                return frozenset(self(item) for item in inner)
            case "$dict":
                return {self(key): self(item) for key, item in inner}
            case "$text":
                return "".join(inner)
            case "$int":
                return int(inner, 16)
            case "$float":
                return float(inner)
            case "$complex":
                return complex(*(self(part) for part in inner))
            case "$bytes":
                return base64.b64decode(inner, validate=True)
            case "$repr":
                return self._type(Stored, data["type"])(inner)
            case "$object":
                made = self._type(StoredFields, inner["type"], bool(inner["shown"]))()
                vars(made).update({key: self(item) for key, item in inner["fields"].items()})
                return made
        raise ValueError(f"{tag!r} is no mark of a value")

    def _type(self, base: type, name: str, shown: bool = False) -> type:
        key = (base, name, shown)
        if key not in self._types:
            self._types[key] = base.named(name, shown)  # type: ignore[attr-defined]
        return self._types[key]


def _plain(key: str) -> bool:
    return _BETWEEN_HALVES.search(key) is None
