"""Iteration over nodes: every item is a recorded item of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracegraph.graph.arithmetic import GETITEM, KEYS, TO_LIST
from tracegraph.graph.node import Node, apply, failure
from tracegraph.graph.scope import current_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracegraph.graph.node import MessageNode


def iterate(x: Any) -> Iterator[MessageNode[Any]]:
    """Iterate over a node of a sequence, set, dict (its keys) or other iterable.

    Raises:
        ExecutionError: the value cannot be iterated over.
    """
    whole: Node[Any] = x if isinstance(x, Node) else Node(x)
    value = whole._now()
    if isinstance(value, dict):
        return iterate(apply(KEYS, (whole,)))
    if not hasattr(value, "__iter__"):
        error = TypeError(f"cannot iterate over a {type(value).__name__}")
        raise failure(TO_LIST, error, (whole,), {}, (whole,), current_frame.get())
    if not (hasattr(value, "__getitem__") and hasattr(value, "__len__")):
        whole = apply(TO_LIST, (whole,))
    return _items_of(whole)


def _items_of(whole: Node[Any]) -> Iterator[MessageNode[Any]]:
    # The length is read at each step, as Python does for a list that changes meanwhile.
    index = 0
    while index < len(whole):
        yield apply(GETITEM, (whole, index))
        index += 1


def iterate_items(x: Any) -> Iterator[tuple[MessageNode[Any], MessageNode[Any]]]:
    """Iterate over a node of a dict as pairs of recorded key and recorded value."""
    whole: Node[Any] = x if isinstance(x, Node) else Node(x)
    whole._need("items")
    for key in iterate(apply(KEYS, (whole,))):
        yield key, apply(GETITEM, (whole, key))
