"""Containers that hold nodes: found, unwrapped for a call, and kept as they were.

Lists, tuples, sets, dict values, dataclass fields and `NodeContainer` attributes count;
anything else is one value.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

from tracegraph.graph.node import MessageNode, Node, distinct, failure, message
from tracegraph.graph.scope import current_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracegraph.graph.operation import Operation

ATOMIC = frozenset({str, int, float, bool, type(None), bytes, complex, bytearray, range, type})
_DEPTH = 32  # deeper nesting, or a container that holds itself, counts as one value


class NodeContainer:
    """A class whose attributes may be nodes; passing an instance records them all."""


def holds_nodes(value: Any, depth: int = _DEPTH) -> bool:
    """Whether a node is anywhere inside; fast for large containers of plain values."""
    kind = type(value)
    if kind in ATOMIC or depth == 0:
        return False
    if isinstance(value, dict):
        items: Any = value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        items = value
    else:
        fields = _fields(value)
        if fields is None:
            return False
        items = fields.values()
    kinds = set(map(type, items))
    if kinds <= ATOMIC:
        return False
    if any(issubclass(k, Node) for k in kinds):
        return True
    return any(holds_nodes(item, depth - 1) for item in items)


def convert(value: Any, on_node: Callable[[Node[Any]], Any], depth: int = _DEPTH) -> Any:
    """Rebuild a container with each node inside replaced by ``on_node(node)``.

    What holds no node is returned itself, not a copy.
    """
    if isinstance(value, Node):
        return on_node(value)
    if not holds_nodes(value, depth):
        return value
    if isinstance(value, tuple):
        items = [convert(item, on_node, depth - 1) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [convert(item, on_node, depth - 1) for item in value]
    if isinstance(value, dict):
        return {key: convert(item, on_node, depth - 1) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return type(value)(convert(item, on_node, depth - 1) for item in value)
    made = copy.copy(value)
    for key, item in (_fields(value) or {}).items():
        # Past __setattr__, so that frozen dataclasses can be rebuilt too.
        object.__setattr__(made, key, convert(item, on_node, depth - 1))
    return made


def leaves(value: Any, path: str, depth: int = _DEPTH) -> dict[str, Node[Any]]:
    """Return the nodes inside a container by their path: ``xs[0]``, ``d['k']``, ``p.x``."""
    if isinstance(value, Node):
        return {path: value}
    if not holds_nodes(value, depth):
        return {}
    if isinstance(value, dict):
        parts = [(f"{path}[{key!r}]", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple, set, frozenset)):
        parts = [(f"{path}[{i}]", item) for i, item in enumerate(value)]
    else:
        parts = [(f"{path}.{key}", item) for key, item in (_fields(value) or {}).items()]
    found: dict[str, Node[Any]] = {}
    for inner, item in parts:
        found.update(leaves(item, inner, depth - 1))
    return found


def native(node: Node[Any]) -> Any:
    """Return the value of a node here and now, without counting it as read."""
    frame = current_frame.get()
    return node._data if frame is None else frame.value_of(node)


def unwrap(value: Any, found: list[Node[Any]]) -> tuple[Any, Any]:
    """Return (the plain value for the function, what the record keeps); collect the nodes."""
    if isinstance(value, Node):
        found.append(value)
        return native(value), value
    if type(value) in ATOMIC or not holds_nodes(value):
        return value, value
    kept = convert(value, lambda node: node)
    found.extend(leaves(kept, "").values())
    return convert(kept, native), kept


def apply_deep(
    operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> MessageNode[Any]:
    """Run an operator whose arguments may be containers of nodes, and record it."""
    frame = current_frame.get()
    found: list[Node[Any]] = []
    pairs = [unwrap(arg, found) for arg in args]
    named = {key: unwrap(arg, found) for key, arg in kwargs.items()}
    kept, kept_named = tuple(p[1] for p in pairs), {key: p[1] for key, p in named.items()}
    parents = distinct(tuple(found))
    try:
        data = operation.fun(*[p[0] for p in pairs], **{key: p[0] for key, p in named.items()})
    except Exception as error:
        raise failure(operation, error, kept, kept_named, parents, frame) from error
    return message(MessageNode, operation, data, kept, kept_named, parents, frame)


def _fields(value: Any) -> dict[str, Any] | None:
    if isinstance(value, NodeContainer):
        return dict(vars(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name, None) for f in dataclasses.fields(value)}
    return None
