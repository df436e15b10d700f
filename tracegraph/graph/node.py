"""Nodes: values that remember where they came from.

A `Node` is an input, a `MessageNode` the result of a recorded call, an
`ExceptionNode` the error of one. A node refers to its parents; parents refer to their
children weakly, so a node lives as long as something downstream, or the user, needs it.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tracegraph.graph.arithmetic import NodeOperators
from tracegraph.graph.errors import ExecutionError, GraphError
from tracegraph.graph.operation import Operation
from tracegraph.graph.scope import Frame, current_frame, next_sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracegraph.graph.feedback import Feedback, Propagator

T = TypeVar("T")

NAMED = -2  # the index of a node whose name was given, which stays as it is
UNNUMBERED = -1  # the index of a node outside recordings: numbered by its sequence
_PRUNE_FROM = 64


class Node(NodeOperators, Generic[T]):
    """A value in the graph without a recorded origin: an input or a constant.

    Args:
        value: the native value, any type.
        name: kept exactly as given; without one, the type's name and a number ("str0").
        description: what the value is, for an optimizer to read.
        constraint: in words, what the value must obey.
        info: anything else to keep beside the value.
    """

    __slots__ = (
        "__weakref__",
        "_base",
        "_children",
        "_data",
        "_feedback",
        "_index",
        "_level",
        "_notes",
        "_seq",
    )

    def __init__(
        self,
        value: T | Node[T],
        *,
        name: str | None = None,
        description: str | None = None,
        constraint: Any = None,
        info: dict[str, Any] | None = None,
    ) -> None:
        self._data: T = value._data if isinstance(value, Node) else value
        self._seq: int = next_sequence()
        self._level: int = 0
        self._children: list[weakref.ref[Node[Any]]] | None = None
        self._feedback: tuple[Any, ...] = ()
        if name is not None:
            self._base, self._index = name, NAMED
        else:
            self._base = type(self._data).__name__
            frame = current_frame.get()
            recording = frame.recording if frame is not None else None
            self._index = UNNUMBERED if recording is None else recording.number(self._base)
        self._notes: dict[str, Any] | None = None
        if description is not None or constraint is not None or info is not None:
            self._notes = {"description": description, "constraint": constraint, "info": info}

    # The value

    @property
    def data(self) -> T:
        """The native value; reading it inside a bundled function counts as a dependency."""
        frame = current_frame.get()
        return self._data if frame is None else frame.read(self)

    @property
    def type(self) -> type[T]:
        """The type of the value."""
        return type(self._data)

    # The names

    @property
    def name(self) -> str:
        """The name in its recording: as given, or the type or function and a number."""
        if self._index == NAMED:
            return self._base
        return f"{self._base}{self._seq if self._index == UNNUMBERED else self._index}"

    @property
    def py_name(self) -> str:
        """The name as a Python identifier."""
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in self.name)
        return name if name and not name[0].isdigit() else f"_{name}"

    @property
    def description(self) -> str:
        """What the value is, in words."""
        return (self._notes or {}).get("description") or ""

    @property
    def constraint(self) -> str | None:
        """In words, what the value must obey; None when nothing was said."""
        stated = (self._notes or {}).get("constraint")
        return None if stated is None else str(stated)

    @property
    def info(self) -> dict[str, Any]:
        """Whatever was kept beside the value."""
        return (self._notes or {}).get("info") or {}

    # The place in the graph

    @property
    def parents(self) -> list[Node[Any]]:
        """The nodes that this one was computed from, in the order of the arguments."""
        return []

    @property
    def children(self) -> list[Node[Any]]:
        """The nodes computed from this one that are still alive, oldest first."""
        return [child for ref in self._children or () if (child := ref()) is not None]

    @property
    def level(self) -> int:
        """The length of the longest path from an input."""
        return self._level

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change the value."""
        return False

    @property
    def is_root(self) -> bool:
        """Whether nothing was recorded before it."""
        return not self._flow()

    @property
    def is_leaf(self) -> bool:
        """Whether nothing that is alive was computed from it."""
        return not self.children

    def _is_call(self) -> bool:
        """Whether it is the result of something that was recorded."""
        return False

    def _flow(self) -> tuple[Node[Any], ...]:
        """The parents that are nodes of their own: what feedback travels along."""
        return ()

    def _adopt(self, child: Node[Any]) -> None:
        children = self._children
        if children is None:
            self._children = [weakref.ref(child)]
            return
        children.append(weakref.ref(child))
        size = len(children)
        # A parameter outlives its children: drop the dead at each power of two, O(1) amortised.
        if size >= _PRUNE_FROM and not size & (size - 1):
            self._children = [ref for ref in children if ref() is not None]

    # Feedback

    @property
    def feedback(self) -> tuple[Feedback, ...]:
        """The feedback that reached this node, oldest first."""
        return self._feedback

    def zero_feedback(self) -> None:
        """Forget the feedback that reached this node."""
        self._feedback = ()

    def backward(
        self,
        feedback: Any = "",
        *,
        score: float | Mapping[str, float] | None = None,
        propagator: Propagator | None = None,
        retain_graph: bool = False,
        visualize: bool = False,
    ) -> Any:
        """Send feedback on this node to everything that it was computed from.

        Args:
            feedback: text, or whatever the optimizer understands.
            score: a number or a dict of numbers that travels with the feedback.
            propagator: how feedback passes each node; by default every parameter receives the
                feedback together with the subgraph between it and this node.
            retain_graph: leave the feedback on inner nodes too, not only on the roots.
            visualize: return a drawing of the graph instead of the feedback.

        Returns:
            The `Feedback`, or a drawing (Graphviz dot, shown by notebooks).

        Raises:
            FeedbackError: the node has no parents, so nothing can have caused it.
            CycleError: the parents of some node lead back to it.

        Source: Cheng, Nie, Swaminathan 2024, "Trace is the New AutoDiff", section 3.
        """
        from tracegraph.graph.feedback import backward

        sent = backward(
            [self], [feedback], scores=[score], propagator=propagator, retain_graph=retain_graph
        )
        if visualize:
            from tracegraph.graph.export import Drawing

            return Drawing(sent.subgraph())
        return sent

    # Copies

    def clone(self) -> MessageNode[T]:
        """Return a recorded copy: a node whose parent is this one."""
        return apply(CLONE, (self,))

    def detach(self) -> Node[T]:
        """Return a deep copy that remembers nothing."""
        return copy.deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Node[T]:
        made: Node[T] = Node(copy.deepcopy(self._data, memo), name=self._base)
        made._index, made._notes = self._index, copy.copy(self._notes)
        memo[id(self)] = made
        return made

    # What Python must get as a native value

    def __eq__(self, other: object) -> Any:
        return self._now() == (other._now() if isinstance(other, Node) else other)

    def __ne__(self, other: object) -> Any:
        return self._now() != (other._now() if isinstance(other, Node) else other)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return bool(self._now())

    def __len__(self) -> int:
        return len(self._now())  # type: ignore[arg-type]

    def __contains__(self, item: object) -> bool:
        return (item._now() if isinstance(item, Node) else item) in self._now()  # type: ignore[operator]

    def __index__(self) -> int:
        return self._now().__index__()  # type: ignore[attr-defined,no-any-return]

    def _now(self) -> T:
        """Return the value here and now: in a replay it may be another than the node's own."""
        frame = current_frame.get()
        return self._data if frame is None else frame.value_of(self)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self._data!r})"

    def __str__(self) -> str:
        return f"{type(self).__name__}: ({self.name}, dtype={type(self._data)}, data={self._data})"

    def _apply(self, operation: Operation, args: tuple[Any, ...]) -> MessageNode[Any]:
        return apply(operation, args)


class MessageNode(Node[T]):
    """The result of a recorded call.

    Args:
        value: the native result.
        inputs: the nodes that it was computed from, by name, or as a list.
        description: starts with the operation's name in brackets, "[add] x plus y".
    """

    __slots__ = (
        "_args", "_extra", "_inferred", "_inputs", "_kwargs", "_operation", "_parents", "_traced",
    )  # fmt: skip

    def __init__(
        self,
        value: T | Node[T],
        *,
        inputs: Sequence[Node[Any]] | Mapping[str, Node[Any]],
        description: str,
        constraint: Any = None,
        name: str | None = None,
        info: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(value, name=name, constraint=constraint, info=info)
        named = dict(inputs) if hasattr(inputs, "keys") else {n.name: n for n in inputs}
        for key, parent in named.items():
            if not isinstance(parent, Node):
                raise GraphError(f"input {key!r} is a {type(parent).__name__}; pass a node")
        self._operation = Operation(_by_hand, description=description, name=name or "message")
        self._args: tuple[Any, ...] = ()
        self._kwargs: Mapping[str, Any] = NO_KWARGS
        self._extra: dict[str, Node[Any]] | None = named
        self._inferred: frozenset[str] = frozenset()
        self._inputs: dict[str, Node[Any]] | None = None
        self._traced = True
        self._parents: tuple[Node[Any], ...] = tuple(named.values())
        for parent in self._parents:
            parent._adopt(self)
            self._level = max(self._level, parent._level + 1)

    @property
    def operation(self) -> Operation:
        """The function that was called."""
        return self._operation

    @property
    def description(self) -> str:
        """What the call does: the docstring of the function, or what was said instead."""
        return self._operation.description

    @property
    def inputs(self) -> dict[str, Node[Any]]:
        """The arguments by name, constants wrapped as nodes.

        A container that holds nodes gives one entry a node, ``xs[0]``; what the function read
        without being passed it comes last, under the name it was found by.
        """
        if self._inputs is None:
            from tracegraph.graph.containers import leaves

            found: dict[str, Node[Any]] = {}
            receiver = self._receiver()
            for key, value in self._operation.bind(self._args, self._kwargs, defaults=True).items():
                if isinstance(value, Node):
                    found[key] = value
                    continue
                inside = {} if value is receiver else leaves(value, key)
                found.update(inside or {key: _constant(value, key)})
            found.update(self._extra or {})
            self._inputs = found
        return dict(self._inputs)

    def _receiver(self) -> Any:
        """The object whose method was called; a value that is nowhere else when there is none."""
        return self._args[0] if self._operation.receiver and self._args else self

    @property
    def inferred(self) -> frozenset[str]:
        """The inputs whose origin was guessed: identity could not decide."""
        return self._inferred

    @property
    def output(self) -> T:
        """The native result."""
        return self._data

    @property
    def parents(self) -> list[Node[Any]]:
        """The inputs, each once."""
        return list({id(node): node for node in self.inputs.values()}.values())

    def _is_call(self) -> bool:
        return self._traced

    def _flow(self) -> tuple[Node[Any], ...]:
        return self._parents

    def _add_parent(self, parent: Node[Any], name: str | None = None) -> None:
        """Record one more input; the caller answers for the graph staying acyclic."""
        self._extra = {**(self._extra or {}), name or parent.name: parent}
        self._parents = (*self._parents, parent)
        self._inputs = None
        self._level = max(self._level, parent._level + 1)
        parent._adopt(self)

    @property
    def info(self) -> dict[str, Any]:
        """What is known of the call: function, documentation, source, arguments, output."""
        operation = self._operation
        fun = operation.fun
        code = getattr(fun, "__code__", None)
        return {
            "fun": fun,
            "fun_name": operation.name,
            "doc": operation.doc,
            "signature": operation.signature,
            "source": operation.source,
            "file": getattr(code, "co_filename", None),
            "line_number": getattr(code, "co_firstlineno", None),
            "inputs": {"args": self._args, "kwargs": self._kwargs},
            "output": self._data,
            "external_dependencies": list((self._extra or {}).values()),
            **super().info,
        }


class ExceptionNode(MessageNode[str]):
    """The error of a recorded call; its text is feedback, its value is ``(Type) message``."""

    __slots__ = ()

    def __init__(
        self,
        value: BaseException,
        *,
        inputs: Sequence[Node[Any]] | Mapping[str, Node[Any]],
        description: str = "[exception] The call raised an exception.",
        constraint: Any = None,
        name: str | None = None,
        info: dict[str, Any] | None = None,
    ) -> None:
        text = exception_text(value)
        super().__init__(
            text, inputs=inputs, description=description, constraint=constraint, name=name,
            info={"exception": value, **(info or {})},
        )  # fmt: skip

    @property
    def text(self) -> str:
        """The error in one line."""
        return self._data

    def create_feedback(self, style: str = "simple") -> str:
        """Return the error as feedback: one line, or ``full`` with the failing source line."""
        if style not in ("simple", "full"):
            raise GraphError(f"style {style!r} is unknown: use 'simple' or 'full'")
        comment = (self._notes or {}).get("info", {}).get("error_comment")
        return comment if style == "full" and comment else self._data


def exception_text(error: BaseException) -> str:
    """Return an error as ``(Type) message``."""
    if isinstance(error, ExecutionError):
        return error.exception_node.text
    return f"({getattr(error, 'kind', type(error).__name__)}) {error}"


def message(
    kind: type[MessageNode[Any]],
    operation: Operation,
    data: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    parents: tuple[Node[Any], ...],
    frame: Frame | None,
    extra: dict[str, Node[Any]] | None = None,
) -> MessageNode[Any]:
    """Build the node of a call; the hot path, so without a constructor.

    ``parents`` are the distinct nodes among ``args``, ``kwargs`` and ``extra``.
    """
    made = kind.__new__(kind)
    made._data = data
    made._seq = next_sequence()
    made._base = operation.name
    made._children = None
    made._feedback = ()
    made._notes = None
    made._operation = operation
    made._args = args
    made._kwargs = kwargs
    made._extra = extra
    made._inferred = _NONE_INFERRED
    made._inputs = None
    made._traced = True
    if frame is None:
        made._index = UNNUMBERED
    else:
        recording = frame.recording
        made._index = UNNUMBERED if recording is None else recording.number(operation.name)
        if not frame.tracing:
            made._args, made._kwargs, made._extra, made._inputs = (), NO_KWARGS, None, {}
            made._traced = False
            parents = ()
        elif frame.used is not None:
            for parent in parents:
                frame.pass_on(parent)
    made._parents = parents
    level = 0
    if parents:
        ref: weakref.ref[Node[Any]] = weakref.ref(made)
        for parent in parents:
            if parent._level >= level:
                level = parent._level + 1
            if parent._children is None:
                parent._children = [ref]
            else:
                parent._adopt(made)
    made._level = level
    if frame is not None and frame.recording is not None and frame.tracing:
        frame.recording.add(made, frame)
    return made


def apply(operation: Operation, args: tuple[Any, ...]) -> MessageNode[Any]:
    """Run an operator on nodes and native values, and record it.

    Raises:
        ExecutionError: the operator raised; the error is a node of the graph.
    """
    frame = current_frame.get()
    parents: tuple[Node[Any], ...] = tuple([arg for arg in args if isinstance(arg, Node)])
    if len(parents) > 1:
        parents = distinct(parents)
    if frame is None:
        values = [arg._data if isinstance(arg, Node) else arg for arg in args]
    else:
        values = [frame.value_of(arg) if isinstance(arg, Node) else arg for arg in args]
    try:
        data = operation.fun(*values)
    except Exception as error:
        raise failure(operation, error, args, NO_KWARGS, parents, frame) from error
    return message(MessageNode, operation, data, args, NO_KWARGS, parents, frame)


def failure(
    operation: Operation,
    error: BaseException,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    parents: tuple[Node[Any], ...],
    frame: Frame | None,
    extra: dict[str, Node[Any]] | None = None,
) -> ExecutionError:
    """Record a failed call and return the error that reports it."""
    from tracegraph.graph.explain import explain

    made = message(
        ExceptionNode, operation, exception_text(error), args, kwargs, parents, frame, extra
    )
    assert isinstance(made, ExceptionNode)
    made._notes = {"info": explain(error)}
    return ExecutionError(made)


def distinct(nodes: tuple[Node[Any], ...]) -> tuple[Node[Any], ...]:
    """Return the nodes without repetition; by identity, as equality compares values."""
    if len(nodes) == 2:
        return nodes if nodes[0] is not nodes[1] else nodes[:1]
    return tuple({id(node): node for node in nodes}.values())


def _constant(value: Any, name: str) -> Node[Any]:
    made = Node.__new__(Node)
    made._data = value
    made._seq = next_sequence()
    made._base, made._index = name, NAMED
    made._level, made._children, made._feedback, made._notes = 0, None, (), None
    return made


def _by_hand(*args: Any, **kwargs: Any) -> Any:
    raise GraphError("this node was built by hand: there is no function to call again")


_NONE_INFERRED: frozenset[str] = frozenset()
NO_KWARGS: Mapping[str, Any] = MappingProxyType({})
CLONE = Operation(copy.deepcopy, name="clone", description="A copy of x.", arguments=("x",))
