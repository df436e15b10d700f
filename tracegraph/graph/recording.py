"""``record``: a scope that keeps what ran in it, names it, and answers questions about it."""

from __future__ import annotations

import contextvars
import functools
import itertools
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.graph.errors import GraphError, RecordingClosedError
from tracegraph.graph.identity import Known, KnownValues
from tracegraph.graph.node import ExceptionNode, MessageNode, Node
from tracegraph.graph.parameter import ParameterNode
from tracegraph.graph.scope import Frame, current_frame, pending_reads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextvars import Token
    from types import TracebackType

    from tracegraph.graph.feedback import Feedback, Propagator
    from tracegraph.graph.replay import Replay
    from tracegraph.graph.subgraph import Subgraph

Flow = Literal["native", "nodes"]


class Recording:
    """What was recorded between entering and leaving `record`.

    Attributes:
        nodes: the recorded calls that are not inside another one, in the order they finished.
        read: each parameter that was used, with the value that it had.
    """

    def __init__(
        self,
        flow: Flow = "native",
        name: str = "run",
        values: Mapping[ParameterNode[Any], Any] | None = None,
    ) -> None:
        if flow not in ("native", "nodes"):
            raise GraphError(f"flow {flow!r} is unknown: use 'native' or 'nodes'")
        for key in values or ():
            if not isinstance(key, ParameterNode):
                raise GraphError(f"values are by parameter, and {key!r} is a {type(key).__name__}")
        self.name = name
        self._values = {node: node.validate(value) for node, value in (values or {}).items()}
        self.flow = flow
        self.native = flow == "native"
        self.nodes: list[MessageNode[Any]] = []
        self.read: list[tuple[Node[Any], Any]] = []
        self.closed = False
        self.known = KnownValues()
        self._numbers: dict[str, itertools.count[int]] = {}
        self._read_ids: set[int] = set()
        self._inside: dict[int, tuple[MessageNode[Any], MessageNode[Any]]] = {}
        self._token: Token[Frame | None] | None = None

    # The scope

    def __enter__(self) -> Recording:
        if self._token is not None or self.closed:
            raise RecordingClosedError(f"recording {self.name!r} was used before; make a new one")
        pending_reads.set(())
        overrides = {id(node): value for node, value in self._values.items()} or None
        frame = Frame(self, root=self.native, overrides=overrides)
        self._token = current_frame.set(frame)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.closed = True
        if self._token is not None:
            current_frame.reset(self._token)

    async def __aenter__(self) -> Recording:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, tb)

    def bind(self, fun: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``fun`` bound to this context, for a thread that would start outside of it."""
        context = contextvars.copy_context()

        @functools.wraps(fun)
        def bound(*args: Any, **kwargs: Any) -> Any:
            return context.copy().run(fun, *args, **kwargs)

        return bound

    # What the recorder calls

    def check_open(self) -> None:
        """Raise RecordingClosedError when the recording has ended."""
        if self.closed:
            raise RecordingClosedError(
                f"recording {self.name!r} has ended, but something that it started still records:"
                " await it, or join its thread, before leaving the with block"
            )

    def number(self, base: str) -> int:
        """Return the next number for a name."""
        try:
            return next(self._numbers[base])
        except KeyError:
            return next(self._numbers.setdefault(base, itertools.count()))

    def add(self, node: MessageNode[Any], frame: Frame) -> None:
        """Keep the node of a finished call."""
        self.check_open()
        if frame.used is None:
            self.nodes.append(node)
        elif frame.created is None:
            frame.created = [node]
        else:
            frame.created.append(node)
        for parent in node._parents:
            self.note_parameter(parent)

    def note_parameter(self, node: Node[Any]) -> None:
        """Remember the value that a parameter has now, the first time it is used."""
        if node.trainable and id(node) not in self._read_ids:
            self._read_ids.add(id(node))
            self.read.append((node, self._values.get(node, node._data)))  # type: ignore[call-overload]

    def enclose(self, created: Iterable[MessageNode[Any]], call: MessageNode[Any]) -> None:
        """Note that nodes were recorded inside the body of a call."""
        for node in created:
            self._inside[id(node)] = (node, call)

    # What the user asks

    @property
    def parameters(self) -> list[Node[Any]]:
        """The parameters that were used, in the order of their first use."""
        return [node for node, _ in self.read]

    @property
    def outputs(self) -> list[MessageNode[Any]]:
        """The recorded calls whose results no later call used."""
        used = {id(parent) for node in self.nodes for parent in node._parents}
        return [node for node in self.nodes if id(node) not in used]

    def inner(self, node: MessageNode[Any]) -> list[MessageNode[Any]]:
        """Return the calls that were recorded inside the body of a call."""
        return [inside for inside, call in self._inside.values() if call is node]

    def enclosing(self, node: Node[Any]) -> Node[Any]:
        """Return the outermost call whose body produced the node, or the node itself."""
        while id(node) in self._inside:
            node = self._inside[id(node)][1]
        return node

    def origin(self, known: Known) -> Node[Any]:
        """Return the node of a known value, or the call in whose ended body it was made."""
        outermost = self.enclosing(known.owner)
        return known.resolve() if outermost is known.owner else outermost

    def node_of(self, value: Any) -> Node[Any]:
        """Return the node of a value that a recorded call returned, raised or took.

        Raises:
            GraphError: nothing recorded produced this very object.
        """
        if isinstance(value, Node):
            return value
        entry = self.known.get(value)
        if entry is None:
            raise GraphError(
                f"no recorded call returned this {type(value).__name__}; pass a value as it came"
                " out of a bundled function, or one of run.nodes"
            )
        return self.origin(entry)

    def feedback(
        self,
        output: Any,
        feedback: Any = "",
        *,
        score: float | Mapping[str, float] | None = None,
        propagator: Propagator | None = None,
    ) -> Feedback:
        """Send feedback on a recorded value, node or exception to what it was computed from.

        Raises:
            GraphError: the value was not recorded.
            FeedbackError: the value has no origin.
        """
        from tracegraph.graph.feedback import backward

        node = self.node_of(output)
        return backward([node], [feedback], scores=[score], propagator=propagator)

    def graph(self) -> Subgraph:
        """Return everything that was recorded as one graph."""
        from tracegraph.graph.subgraph import Subgraph

        return Subgraph.of(self.outputs, name=self.name, values=self.read)

    def judged(
        self, output: Any, feedback: Any, score: float | Mapping[str, float] | None = None
    ) -> Subgraph:
        """Return the graph between the parameters and an output, with feedback on the output.

        Nothing is left on the nodes, unlike `feedback`: parameters outlive the recording.

        Raises:
            GraphError: the value was not recorded.
        """
        from tracegraph.graph.feedback import Feedback
        from tracegraph.graph.subgraph import Subgraph

        outputs = [self.node_of(each) for each in (output if type(output) is list else [output])]
        texts, scores = [feedback] * len(outputs), [score] * len(outputs)
        return Subgraph.between(Feedback(outputs, texts, scores), values=self.read)

    def replay(
        self,
        node: Any,
        value: Any,
        *,
        limit: int | None = None,
        skip: Callable[[MessageNode[Any]], bool] | None = None,
    ) -> Replay:
        """Run again only what depends on ``node``, with ``value`` in its place."""
        from tracegraph.graph.replay import replay

        return replay(self, {self.node_of(node): value}, limit=limit, skip=skip)

    @property
    def failed(self) -> list[ExceptionNode]:
        """The recorded calls that raised."""
        return [node for node in self.nodes if isinstance(node, ExceptionNode)]

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<Recording {self.name!r}: {len(self.nodes)} calls, {state}>"


def record(
    flow: Flow = "native",
    *,
    name: str = "run",
    values: Mapping[ParameterNode[Any], Any] | None = None,
) -> Recording:
    """Record what runs in a ``with`` or ``async with`` block.

    Args:
        flow: with "native", bundled functions take and return plain values, and the data flow
            is found by the identity of objects; with "nodes", they return nodes as usual, and
            the recording only keeps and names them.
        name: how the recording is called in exports.
        values: what parameters are in this recording, in place of their own values, which stay
            as they are: recordings with different values can run at the same time.

    Raises:
        ConstraintError: a value breaks its parameter's constraints.
    """
    return Recording(flow, name, values)
