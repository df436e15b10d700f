"""One recorded call while nodes flow: arguments unwrapped, the body run, the result wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracegraph.graph.containers import ATOMIC, convert, holds_nodes, leaves, native, unwrap
from tracegraph.graph.errors import MissingInputsError
from tracegraph.graph.node import NO_KWARGS, MessageNode, Node, distinct, failure, message
from tracegraph.graph.scope import Frame, current_frame

if TYPE_CHECKING:
    from contextvars import Token

    from tracegraph.graph.bundle import BundledFunction


class NodesCall:
    """The record of a call in the making; ``args`` and ``kwargs`` go to the function.

    Use: ``with call: value = fun(*call.args, **call.kwargs)``, then ``call.finish(value)`` or
    ``raise call.fail(error)``. A generator enters it once a step and finishes once an item.
    """

    __slots__ = (
        "_frame",
        "_items",
        "_kept",
        "_kept_kwargs",
        "_outer",
        "_parents",
        "_token",
        "args",
        "bundle",
        "kwargs",
    )

    def __init__(
        self,
        bundle: BundledFunction,
        outer: Frame | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.bundle = bundle
        self._outer = outer
        self._items = Items() if bundle.gives_items else None
        recording = None if outer is None else outer.recording
        if recording is not None:
            recording.check_open()
        self._frame = Frame(
            recording,
            tracing=outer is None or outer.tracing,
            used={},
            plain=bundle if bundle.plain_recursion else None,
            overrides=None if outer is None else outer.overrides,
        )
        # The receiver of a method is passed as it is: it may hold the very nodes it works with.
        skip = 1 if bundle.operation.receiver else 0
        found: list[Node[Any]] = []
        for index, arg in enumerate(args):
            if isinstance(arg, Node):
                found.append(arg)
            elif type(arg) not in ATOMIC and index >= skip:
                break
        else:
            values: list[Any] = [arg._data if isinstance(arg, Node) else arg for arg in args]
            if outer is not None and outer.overrides is not None:
                values = [native(arg) if isinstance(arg, Node) else arg for arg in args]
            self._kept = args
            index = len(args)
        if index < len(args):
            found.clear()
            pairs = [(arg, arg) if i < skip else unwrap(arg, found) for i, arg in enumerate(args)]
            values = [pair[0] for pair in pairs]
            self._kept = tuple(pair[1] for pair in pairs)
        self.args = values
        self.kwargs: Mapping[str, Any] = NO_KWARGS
        self._kept_kwargs: Mapping[str, Any] = NO_KWARGS
        if kwargs:
            named = {key: unwrap(arg, found) for key, arg in kwargs.items()}
            self.kwargs = {key: pair[0] for key, pair in named.items()}
            self._kept_kwargs = {key: pair[1] for key, pair in named.items()}
        if bundle.traceable:
            # The body works on nodes; its own graph starts at copies, so it stays inside.
            self.args = [
                value if i < skip else convert(kept, _alias)
                for i, (value, kept) in enumerate(zip(values, self._kept, strict=True))
            ]
            self.kwargs = {key: convert(kept, _alias) for key, kept in self._kept_kwargs.items()}
        if bundle.parameter is not None:
            found.append(bundle.parameter)
        self._parents = distinct(tuple(found)) if len(found) > 1 else tuple(found)

    def __enter__(self) -> None:
        self._token: Token[Frame | None] = current_frame.set(self._frame)

    def __exit__(self, *exc_info: object) -> None:
        current_frame.reset(self._token)

    def finish(self, value: Any) -> Any:
        """Record the result and return its node.

        Raises:
            MissingInputsError: the body read nodes that were not passed to it.
        """
        bundle, frame = self.bundle, self._frame
        inside = None
        if type(value) not in ATOMIC and (isinstance(value, Node) or holds_nodes(value)):
            inside, value = value, convert(value, native)
        extra = self._extra()
        parents = self._parents
        if extra and (bundle.parameter is None or len(extra) > 1):
            parents = distinct((*parents, *extra.values()))
        made = message(
            MessageNode, bundle.operation, value, self._kept, self._kept_kwargs, parents,
            self._outer, extra,
        )  # fmt: skip
        if inside is not None:
            made._notes = {"info": {"inner": list(leaves(inside, "").values())}}
        if self._items is not None:
            self._items.mark(made)
        if frame.created and frame.recording is not None:
            frame.recording.enclose(frame.created, made)
        if bundle.n_outputs > 1:
            return tuple(made[i] for i in range(bundle.n_outputs))
        return made

    def fail(self, error: Exception) -> Exception:
        """Record the error and return what to raise."""
        if not self.bundle.catches(error):
            return error
        extra = self._extra(strict=False)
        parents = distinct((*self._parents, *extra.values())) if extra else self._parents
        raised = failure(
            self.bundle.operation, error, self._kept, self._kept_kwargs, parents, self._outer, extra
        )
        if self._items is not None:
            self._items.mark(raised.exception_node)
        return raised

    def _extra(self, *, strict: bool = True) -> dict[str, Node[Any]] | None:
        frame, bundle = self._frame, self.bundle
        extra: dict[str, Node[Any]] | None = None
        if bundle.parameter is not None:
            extra = {"__code": bundle.parameter}
        if frame.used or frame.passed:
            known = {id(node) for node in self._parents}
            read = _from_outside(frame.used, frame.start, known)
            passed = _from_outside(frame.passed, frame.start, known)
            if read or passed:
                named = bundle.operation.bind(self._kept, self._kept_kwargs)
                owned = {id(n): path for path, n in held_by(named).items()}
                missing = [n for n in read if id(n) not in owned]
                if missing and strict and not bundle.allow_external_dependencies:
                    raise MissingInputsError(
                        f"{bundle.operation.name} read {', '.join(n.name for n in missing)} without"
                        " being passed it; pass it as an argument, or bundle with"
                        " allow_external_dependencies=True"
                    )
                extra = extra or {}
                for node in (*read, *passed):
                    extra[owned.get(id(node)) or node.name] = node
        return extra


class Items:
    """What the items of one generator call have in common: which call, and a number."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def mark(self, node: MessageNode[Any]) -> None:
        """Note that a node is the next item."""
        info = (node._notes or {}).get("info") or {}
        node._notes = {**(node._notes or {}), "info": {**info, "items": self, "item": self.count}}
        self.count += 1


def _from_outside(
    nodes: dict[int, Node[Any]] | None, start: int, known: set[int]
) -> list[Node[Any]]:
    if not nodes:
        return []
    return [n for key, n in nodes.items() if n._seq < start and key not in known]


def held_by(arguments: Mapping[str, Any]) -> dict[str, Node[Any]]:
    """Return the nodes that are attributes of the arguments: ``self.prompt`` and the like."""
    found: dict[str, Node[Any]] = {}
    for name, value in arguments.items():
        for key, item in getattr(value, "__dict__", {}).items():
            found.update(leaves(item, f"{name}.{key}"))
    return found


def _alias(node: Node[Any]) -> Node[Any]:
    made = Node(native(node), name=node.name)
    made._notes = {"info": {"alias": node}}
    return made
