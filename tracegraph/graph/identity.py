"""Which node a native value came from: by the identity of objects, and what that leaves open.

A value is *decidable* when two computations do not give the same object by accident. Small
integers, booleans, None, short strings and empty tuples are shared by the interpreter: for
these the last producer of the same object is only a guess, and the edge is marked inferred.
"""

from __future__ import annotations

import dataclasses
import re
from collections import deque
from typing import TYPE_CHECKING, Any

from tracegraph.graph.arithmetic import GETATTR, GETITEM
from tracegraph.graph.node import apply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracegraph.graph.node import Node

_SMALL_INTS = range(-5, 257)
_DEPTH = 4  # how deep the parts of a result are known on their own
_PARTS = 10_000  # how many parts of one result are known on their own
_TEXTS = 64  # how many recent texts are searched for one inside another
_TEXT_LENGTH = 8  # shorter texts are found everywhere
_PLACE = re.compile(r"(?<!\{)\{[^{}]*\}(?!\})|%(?:\(\w+\))?[sdrf]")


def decidable(value: Any) -> bool:
    """Whether the identity of a value tells where it came from."""
    if value is None or value is True or value is False or value is Ellipsis:
        return False
    kind = type(value)
    if kind is int:
        return value not in _SMALL_INTS
    if kind is str:
        # Constants that look like identifiers are interned, as are single characters.
        return len(value) > 1 and not (value.isascii() and value.replace("_", "a").isalnum())
    if kind in (bytes, tuple, frozenset):
        return len(value) > (1 if kind is bytes else 0)
    return True


class Known:
    """A value, the node that it is, or is a part of, and the way to the part."""

    __slots__ = ("_node", "_part", "shared", "value")

    def __init__(self, value: Any, node: Node[Any], part: tuple[Any, ...], shared: bool) -> None:
        self.value = value
        self.shared = shared
        self._node = node
        self._part = part

    def resolve(self) -> Node[Any]:
        """Return the node of the value; a part becomes a recorded item or attribute."""
        for operation, key in self._part:
            self._node = apply(operation, (self._node, key))
        self._part = ()
        return self._node

    @property
    def owner(self) -> Node[Any]:
        """The node that the value, or the whole that it is a part of, came from."""
        return self._node


class KnownValues:
    """The values of a recording by identity; it keeps them alive, so that no id is reused."""

    def __init__(self) -> None:
        self._by_id: dict[int, Known] = {}
        self._texts: deque[Known] = deque(maxlen=_TEXTS)

    def get(self, value: Any) -> Known | None:
        """Return what is known of this very object."""
        return self._by_id.get(id(value))

    def learn(
        self,
        value: Any,
        node: Node[Any],
        *,
        inside: Callable[[Node[Any]], bool] | None = None,
    ) -> None:
        """Note that a node has this value, and what it is made of.

        ``inside`` says whether another node was made in the body of this one's call, which then
        passed its value on. When any other call gave the same object before, whoever holds it now
        does not tell which of the two it was taken from.
        """
        before = self._by_id.get(id(value))
        again = inside is not None and before is not None and not inside(before.owner)
        shared = again or not decidable(value)
        self._by_id[id(value)] = known = Known(value, node, (), shared)
        if type(value) is str and len(value.strip()) >= _TEXT_LENGTH:
            self._texts.append(known)
        for count, (part, way) in enumerate(_parts(value, (), _DEPTH)):
            if count >= _PARTS:
                break
            before = self._by_id.get(id(part))
            passed_on = before is None or (inside is not None and inside(before.owner))
            if passed_on and decidable(part):
                self._by_id[id(part)] = Known(part, node, way, False)

    def texts_in(self, value: Any) -> Iterator[Known]:
        """Yield known texts that contain a text or are contained in it, the newest first."""
        bare = value.strip() if type(value) is str else ""
        if len(bare) < _TEXT_LENGTH:
            return
        for known in reversed(self._texts):
            if known.value.strip() in value or bare in known.value:
                yield known


def texts_of(value: Any) -> list[str]:
    """Return a text, or the texts in a list that are long enough to be found again."""
    if type(value) is str:
        return [value]
    items = value[:_TEXTS] if isinstance(value, (list, tuple)) else ()
    return [item for item in items if type(item) is str and len(item) >= _TEXT_LENGTH]


def filled_from(template: str, text: str) -> bool:
    """Whether a text holds another one, or that one with its places filled in.

    Places are those of ``str.format`` and of ``%``; what stands between them must be in the text,
    in its order, and be long enough to tell something.
    """
    bare = template.strip()
    if not bare or bare in text:
        return bool(bare)
    pieces = [piece for piece in _PLACE.split(bare) if piece.strip()]
    if sum(map(len, pieces)) < _TEXT_LENGTH:
        return False
    at = 0
    for piece in pieces:
        written = piece.replace("{{", "{").replace("}}", "}").replace("%%", "%")
        at = text.find(written, at)
        if at < 0:
            return False
        at += len(written)
    return True


def _parts(value: Any, way: tuple[Any, ...], depth: int) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    if depth == 0:
        return
    if isinstance(value, dict):
        items = [(part, (*way, (GETITEM, key))) for key, part in value.items()]
    elif isinstance(value, (list, tuple)):
        items = [(part, (*way, (GETITEM, i))) for i, part in enumerate(value)]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = [
            (getattr(value, f.name, None), (*way, (GETATTR, f.name)))
            for f in dataclasses.fields(value)
        ]
    else:
        return
    yield from items
    for part, inner in items:
        yield from _parts(part, inner, depth - 1)
