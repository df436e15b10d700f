"""What a drawing tells apart: parameters, inputs, calls, errors; and short texts for them."""

from __future__ import annotations

import re
import reprlib
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.graph.export.values import stable_repr, without_addresses
from tracegraph.graph.node import ExceptionNode, Node

if TYPE_CHECKING:
    from tracegraph.graph.subgraph import Subgraph

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

_brief = reprlib.Repr()
_brief.maxlist = _brief.maxtuple = _brief.maxset = _brief.maxfrozenset = _brief.maxdict = 12
_brief.maxlevel, _brief.maxstring, _brief.maxother, _brief.maxlong = 4, 80, 80, 40

Kind = Literal["parameter", "input", "call", "exception"]


def kind_of(node: Node[Any], is_call: bool) -> Kind:
    """Return what a node is in a graph; ``is_call``: whether the graph holds its call."""
    if is_call:
        return "exception" if isinstance(node, ExceptionNode) else "call"
    return "parameter" if node.trainable else "input"


def kinds(graph: Subgraph) -> list[tuple[Node[Any], Kind]]:
    """Return each node of the graph with its kind, in the graph's order."""
    calls = {id(node) for node in graph.calls}
    return [(node, kind_of(node, id(node) in calls)) for node in graph.nodes()]


def said_of(node: Node[Any], text: Any, length: int) -> str:
    """Return feedback on a node in one line; of an error's own listing, the error."""
    if isinstance(node, ExceptionNode) and text == node.create_feedback("full"):
        text = node.text
    return preview(text, length)


def preview(value: Any, length: int) -> str:
    """Return a value in one line of at most ``length`` characters that any file can hold."""
    if type(value) is str:
        text = value[: length * 4]
    elif isinstance(value, int) and abs(value).bit_length() > 4 * length:
        text = f"an integer of {value.bit_length()} bits"
    elif type(value) in (list, tuple, set, frozenset, dict):
        # Bounded: containers may be large, or share their parts without end.
        try:
            text = without_addresses(_brief.repr(value))
        except Exception:  # a part may be a number of too many digits
            text = f"{type(value).__name__} of {len(value)} items"
    else:
        text = stable_repr(value)
    text = printable(" ".join(text.split()))
    return text if len(text) <= length else f"{text[: length - 1]}…"


def printable(text: str) -> str:
    """Return the text with what a file or a reader cannot take, or would be misled by, replaced.

    These are control characters, halves of pairs, and marks that turn the writing direction.
    """
    return _UNPRINTABLE.sub("\ufffd", text)
