"""One recorded call while native values flow: the origin of each argument is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracegraph.graph.calls import Items, held_by
from tracegraph.graph.containers import ATOMIC, convert, holds_nodes, native, unwrap
from tracegraph.graph.identity import decidable, filled_from, texts_of
from tracegraph.graph.node import MessageNode, Node, distinct, failure, message
from tracegraph.graph.scope import Frame, current_frame, pending_reads

if TYPE_CHECKING:
    from tracegraph.graph.bundle import BundledFunction
    from tracegraph.graph.recording import Recording

_DEPTH = 4


class NativeCall:
    """The record of a call in the making, on plain values; used as `NodesCall` is."""

    __slots__ = (
        "_extra",
        "_frame",
        "_inferred",
        "_items",
        "_kept",
        "_kept_kwargs",
        "_outer",
        "_recording",
        "_token",
        "args",
        "bundle",
        "kwargs",
    )

    def __init__(
        self,
        bundle: BundledFunction,
        outer: Frame,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        assert outer.recording is not None
        self.bundle = bundle
        self._outer = outer
        self._recording: Recording = outer.recording
        self._recording.check_open()
        self._frame = Frame(
            self._recording,
            tracing=outer.tracing,
            used={},
            plain=bundle if bundle.plain_recursion else None,
            overrides=outer.overrides,
        )
        self._items = Items() if bundle.gives_items else None
        skip = 1 if bundle.operation.receiver else 0
        nodes: list[Node[Any]] = []
        self.args = [arg if i < skip else unwrap(arg, nodes)[0] for i, arg in enumerate(args)]
        self.kwargs = {key: unwrap(arg, nodes)[0] for key, arg in kwargs.items()}
        self._inferred: set[str] = set()
        self._extra: dict[str, Node[Any]] = {}
        if bundle.parameter is not None:
            self._extra["__code"] = bundle.parameter
        named = bundle.operation.bind(args, kwargs) if outer.tracing else {}
        names = list(named)
        self._kept = tuple(
            arg if i < skip else self._origin(arg, names[i] if i < len(names) else str(i))
            for i, arg in enumerate(args)
        )
        self._kept_kwargs = {key: self._origin(arg, key) for key, arg in kwargs.items()}

    def _origin(self, value: Any, name: str, depth: int = _DEPTH) -> Any:
        """Return the node of a value, a container with the nodes in it, or the value itself."""
        if isinstance(value, Node) or not self._outer.tracing:
            return value
        recording = self._recording
        known = recording.known.get(value)
        if known is not None:
            node = recording.origin(known)
            if known.shared or node is not known.owner:
                self._inferred.add(name)
            return node
        if type(value) in ATOMIC:
            if type(value) is str and value:
                self._guess(value, name)
            elif decidable(value):
                self._suspect(name)
            else:
                self._match(value, name)
            return value
        for node in self._reads() if decidable(value) else ():
            if self._outer.value_of(node) is value:
                return node
        if depth and isinstance(value, (list, tuple, dict)):
            return self._parts(value, name, depth)
        self._suspect(name)
        return value

    def _parts(self, value: Any, name: str, depth: int) -> Any:
        if isinstance(value, dict):
            parts = {k: self._origin(v, f"{name}[{k!r}]", depth - 1) for k, v in value.items()}
            return parts if holds_nodes(parts) else value
        items = [self._origin(v, f"{name}[{i}]", depth - 1) for i, v in enumerate(value)]
        if not holds_nodes(items):
            return value
        if isinstance(value, list):
            return items
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)

    def _guess(self, value: str, name: str) -> None:
        """A text that no call returned may still hold one that a call returned."""
        for known in self._recording.known.texts_in(value):
            node = self._recording.origin(known)
            self._link(node, f"{name}~{node.name}", guessed=True)
        for node in self._reads():
            held = self._outer.value_of(node)
            if any(filled_from(text, value) for text in texts_of(held)):
                self._link(node, f"{name}~{node.name}", guessed=True)

    def _match(self, value: Any, name: str) -> None:
        """A value that many things have may be that of a parameter read since the last call."""
        for node in self._reads():
            if self._outer.value_of(node) is value:
                self._link(node, f"{name}~{node.name}", guessed=True)

    def _suspect(self, name: str) -> None:
        """A new value may have been made from the parameters read since the last call."""
        for node in self._reads():
            if type(self._outer.value_of(node)) is not str:
                self._link(node, f"{name}~{node.name}", guessed=True)

    def _reads(self) -> tuple[Node[Any], ...]:
        return pending_reads.get() if self._outer.root else ()

    def _link(self, node: Node[Any], name: str, *, guessed: bool) -> None:
        self._extra[name] = node
        if guessed:
            self._inferred.add(name)

    def __enter__(self) -> None:
        self._token = current_frame.set(self._frame)

    def __exit__(self, *exc_info: object) -> None:
        current_frame.reset(self._token)

    def finish(self, value: Any) -> Any:
        """Record the result and return it as it is."""
        if isinstance(value, Node) or holds_nodes(value):
            value = convert(value, native)
        if not self._outer.tracing:
            return value
        made = message(
            MessageNode, self.bundle.operation, value, self._kept, self._kept_kwargs,
            self._parents(), self._outer, self._extra or None,
        )  # fmt: skip
        if self._items is not None:
            self._items.mark(made)
        self._close(made, value)
        return value

    def fail(self, error: Exception) -> Exception:
        """Record the error and return it as it is."""
        if not self.bundle.catches(error) or not self._outer.tracing:
            return error
        raised = failure(
            self.bundle.operation, error, self._kept, self._kept_kwargs, self._parents(),
            self._outer, self._extra or None,
        )  # fmt: skip
        if self._items is not None:
            self._items.mark(raised.exception_node)
        self._close(raised.exception_node, error)
        return error

    def _parents(self) -> tuple[Node[Any], ...]:
        read = {**(self._frame.used or {}), **(self._frame.passed or {})}
        start = self._frame.start
        outside = [node for node in read.values() if node._seq < start]
        if outside:
            named = self.bundle.operation.bind(self._kept, self._kept_kwargs)
            owned = {id(n): path for path, n in held_by(named).items()}
            for node in outside:
                self._link(node, owned.get(id(node)) or node.name, guessed=False)
        found: list[Node[Any]] = []
        skip = 1 if self.bundle.operation.receiver else 0
        for kept in (*self._kept[skip:], *self._kept_kwargs.values()):
            unwrap(kept, found)
        return distinct((*found, *self._extra.values()))

    def _close(self, made: MessageNode[Any], value: Any) -> None:
        made._inferred = frozenset(self._inferred)
        if self._frame.created:
            self._recording.enclose(self._frame.created, made)
        enclosing = self._recording.enclosing
        self._recording.known.learn(value, made, inside=lambda node: enclosing(node) is made)
        if self._outer.root:
            pending_reads.set(())


class TransparentCall(NativeCall):
    """A call of traceable code: what it calls is recorded in its place."""

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before = len(self._siblings())

    def __exit__(self, *exc_info: object) -> None:
        pass

    def finish(self, value: Any) -> Any:
        """Return the result; it is recorded only when no inner call returned it."""
        if self._recording.known.get(value) is not None:
            return value
        made = self._siblings()[self._before :]
        used = {id(parent) for node in made for parent in node._parents}
        for node in made:
            if id(node) not in used:
                self._link(node, f"inside~{node.name}", guessed=True)
        return super().finish(value)

    def fail(self, error: Exception) -> Exception:
        """Record the error unless an inner call has done so; return it as it is."""
        return error if self._recording.known.get(error) is not None else super().fail(error)

    def _siblings(self) -> list[MessageNode[Any]]:
        return self._recording.nodes if self._outer.root else self._outer.created or []
