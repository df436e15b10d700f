"""Feedback travels backward once: iteratively, in time linear in nodes and edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from tracegraph.graph.errors import CycleError, FeedbackError
from tracegraph.graph.node import ExceptionNode, Node

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracegraph.graph.node import MessageNode
    from tracegraph.graph.subgraph import Subgraph

Score = float | Mapping[str, float] | None
# From a node and the feedback that its children gave it, the feedback for each of its parents.
Propagator = Callable[["MessageNode[Any]", list[Any]], Mapping[Node[Any], Any]]


class Feedback:
    """Feedback on outputs, with what it reached.

    Attributes:
        outputs: the nodes that the feedback is about.
        texts: the feedback on each, usually text.
        scores: a number, a dict of numbers, or None for each.
        order: every recorded call that the outputs depend on, parents before children.
        roots: the inputs and parameters that they depend on.
        received: with a propagator, what it gave to each node, by ``id``.
    """

    __slots__ = ("order", "outputs", "received", "roots", "scores", "texts")

    def __init__(
        self,
        outputs: Sequence[Node[Any]],
        texts: Sequence[Any],
        scores: Sequence[Score],
    ) -> None:
        self.outputs = list(outputs)
        self.texts = list(texts)
        self.scores = list(scores)
        self.order, self.roots = ancestors(outputs)
        self.received: dict[int, list[Any]] = {}

    @property
    def parameters(self) -> list[Node[Any]]:
        """The parameters that could have caused the outputs."""
        return [node for node in self.roots if node.trainable]

    def subgraph(
        self, parameters: Iterable[Node[Any]] | None = None, *, limit: int | None = None
    ) -> Subgraph:
        """Return the minimal graph between parameters and outputs.

        Args:
            parameters: by default all that were reached.
            limit: keep at most this many calls, those nearest to either end; the graph says how
                many it left out.
        """
        from tracegraph.graph.subgraph import Subgraph

        return Subgraph.between(self, parameters, limit=limit)

    def text(self) -> str:
        """Return the feedback as text; each output's on its own when there are several."""
        if len(self.texts) == 1:
            return str(self.texts[0])
        return "\n".join(f"ID [{i}]: {text}" for i, text in enumerate(self.texts))

    def __repr__(self) -> str:
        return f"<Feedback on {', '.join(node.name for node in self.outputs)}: {self.texts}>"


def backward(
    outputs: Sequence[Node[Any]],
    feedbacks: Sequence[Any],
    *,
    scores: Sequence[Score] | None = None,
    propagator: Propagator | None = None,
    retain_graph: bool = False,
) -> Feedback:
    """Send feedback on several outputs together; see `Node.backward` for one.

    Raises:
        FeedbackError: an output has no parents, or the lists differ in length.
        CycleError: the parents of some node lead back to it.
    """
    scores = [None] * len(outputs) if scores is None else scores
    if not len(outputs) == len(feedbacks) == len(scores):
        raise FeedbackError(
            f"{len(outputs)} outputs with {len(feedbacks)} feedbacks and {len(scores)} scores:"
            " give one of each for every output"
        )
    for node in outputs:
        if not isinstance(node, Node):
            raise FeedbackError(
                f"feedback goes to a node; got a {type(node).__name__}. Inside record(), use"
                " run.feedback(value, …)"
            )
        if not node._is_call():
            raise FeedbackError(
                f"{node.name} has no parents in the record, so nothing can have caused it: give"
                " feedback on the result of a bundled function or of an operator"
            )
    texts = [
        node.create_feedback("full") if isinstance(node, ExceptionNode) and text == "" else text
        for node, text in zip(outputs, feedbacks, strict=True)
    ]
    sent = Feedback(outputs, texts, scores)
    if propagator is not None:
        _propagate(sent, propagator)
    for node in [*sent.roots, *sent.order] if retain_graph else sent.roots:
        node._feedback = (*node._feedback, sent)
    return sent


def _propagate(sent: Feedback, propagator: Propagator) -> None:
    received = sent.received
    for node, text in zip(sent.outputs, sent.texts, strict=True):
        received.setdefault(id(node), []).append(text)
    for node in reversed(sent.order):
        if mine := received.get(id(node)):
            for parent, passed in propagator(node, mine).items():
                received.setdefault(id(parent), []).append(passed)


def sum_feedback(node: MessageNode[Any], received: list[Any]) -> dict[Node[Any], Any]:
    """Pass the sum of what the children said to every parent: a propagator.

    Numbers are added, texts joined by lines, each text once.
    """
    if all(isinstance(item, (int, float)) for item in received):
        total: Any = sum(received)
    else:
        total = "\n".join(dict.fromkeys(str(item) for item in received))
    return dict.fromkeys(node._flow(), total)


def ancestors(outputs: Iterable[Node[Any]]) -> tuple[list[MessageNode[Any]], list[Node[Any]]]:
    """Return (recorded calls, roots) that the outputs depend on, parents before children.

    Raises:
        CycleError: the parents of some node lead back to it.
    """
    calls: list[Any] = []
    roots: list[Node[Any]] = []
    reached = list({id(node): node for node in outputs}.values())
    seen = {id(node) for node in reached}
    in_order = True
    for node in reached:  # it grows meanwhile: breadth first, so that it is nearly sorted already
        if not node._is_call():
            roots.append(node)
            continue
        calls.append(node)
        made = node._seq
        for parent in node._flow():
            if parent._seq >= made:
                in_order = False
            if id(parent) not in seen:
                seen.add(id(parent))
                reached.append(parent)
    roots.reverse()
    roots.sort(key=attrgetter("_seq"))
    calls.reverse()
    calls.sort(key=attrgetter("_seq"))
    # Nodes are made after their parents, so their sequence is an order, unless somebody
    # changed a parent afterwards.
    return (calls if in_order else _sorted(calls)), roots


def _sorted(calls: list[MessageNode[Any]]) -> list[MessageNode[Any]]:
    """Sort by dependency: Kahn's algorithm, the oldest first among equals."""
    inside = {id(node) for node in calls}
    waiting = {id(node): sum(id(p) in inside for p in node._flow()) for node in calls}
    after: dict[int, list[MessageNode[Any]]] = {}
    for node in calls:
        for parent in node._flow():
            after.setdefault(id(parent), []).append(node)
    ready = [node for node in reversed(calls) if not waiting[id(node)]]
    done: list[MessageNode[Any]] = []
    while ready:
        node = ready.pop()
        done.append(node)
        for child in after.get(id(node), ()):
            waiting[id(child)] -= 1
            if not waiting[id(child)]:
                ready.append(child)
    if len(done) < len(calls):
        stuck = next(node for node in calls if waiting[id(node)])
        raise CycleError(
            f"the parents of {stuck.name} lead back to it; a graph of calls has no cycles, so some"
            " node's parents were changed after it was made"
        )
    return done
