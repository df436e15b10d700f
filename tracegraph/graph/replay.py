"""Counterfactual replay: run again only what depends on a value, with another value in its place.

Everything else comes from the record: calls that do not depend on the value are not made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracegraph.graph.errors import GraphError
from tracegraph.graph.node import MessageNode, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracegraph.graph.recording import Recording


class Replay:
    """What would have been, had some values been others.

    The calls are those of the record: a value that would have made the program branch elsewhere,
    or loop more often, does not change which calls there are.

    Attributes:
        replaced: the values that were put in, by node.
        rerun: the calls that were made again, in order; each item of a generator counts.
        calls: how many functions were called for that; a generator counts once.
        errors: what a call raised this time, by node.
        uncertain: calls whose value may be another one than is given here, because a changed
            value reached them by a guessed edge: what happened to it in between is not recorded.
        assumed: calls that were made again because an argument looked like a changed value, which
            the record could not tell for certain (small integers, short texts, ``None``).
        not_computed: calls without a value, and why: they need the result of one that failed, were
            to be skipped, or were over the limit.
    """

    def __init__(self, recording: Recording, replaced: Mapping[Node[Any], Any]) -> None:
        self.recording = recording
        self.replaced = dict(replaced)
        self.rerun: list[MessageNode[Any]] = []
        self.calls = 0
        self.errors: dict[Node[Any], BaseException] = {}
        self.uncertain: list[MessageNode[Any]] = []
        self.assumed: list[MessageNode[Any]] = []
        self.not_computed: dict[Node[Any], str] = {}
        self._values = {id(node): value for node, value in replaced.items()}

    def value(self, node: Node[Any]) -> Any:
        """Return the value that a node would have had.

        Raises:
            GraphError: the node was not computed, or failed.
        """
        if node in self.errors:
            raise GraphError(f"{node.name} failed in the replay: {self.errors[node]!r}")
        if node in self.not_computed:
            raise GraphError(
                f"{node.name} was not computed in the replay: {self.not_computed[node]}"
            )
        return self._values.get(id(node), node._data)

    def changed(self, node: Node[Any]) -> bool:
        """Whether the node was replaced or made again."""
        return id(node) in self._values

    def has_value(self, node: Node[Any]) -> bool:
        """Whether the node has a value: it was neither left out nor did it fail."""
        return node not in self.errors and node not in self.not_computed

    @property
    def values(self) -> dict[Node[Any], Any]:
        """The value of each replaced node and each recorded call that has one."""
        nodes = [n for n in (*self.replaced, *self.recording.nodes) if self.has_value(n)]
        return {node: self.value(node) for node in nodes}

    @property
    def outputs(self) -> dict[Node[Any], Any]:
        """The values of the recording's outputs that have one."""
        return {n: self.value(n) for n in self.recording.outputs if self.has_value(n)}

    def __repr__(self) -> str:
        return (
            f"<Replay: {self.calls} calls made again, {len(self.errors)} failed,"
            f" {len(self.not_computed)} not computed, {len(self.uncertain)} uncertain>"
        )


async def areplay(
    recording: Recording,
    replaced: Mapping[Node[Any], Any],
    *,
    limit: int | None = None,
    skip: Callable[[MessageNode[Any]], bool] | None = None,
) -> Replay:
    """Run again what depends on the replaced nodes.

    Args:
        recording: what ran; nothing in it changes. Parameters have the values that they had then.
        replaced: the new value of each node: an input, a parameter, or the result of a call.
        limit: make at most this many calls.
        skip: calls that must not be made, because they cost too much or act on the world.

    Raises:
        GraphError: a node is not part of what was recorded, or is inside the body of a call.
        ParameterError: the new value of a parameter breaks its constraints.
    """
    from tracegraph.graph.rerun import Rerun

    return await Rerun(recording, replaced, limit, skip, looping=True).finish()


def replay(
    recording: Recording,
    replaced: Mapping[Node[Any], Any],
    *,
    limit: int | None = None,
    skip: Callable[[MessageNode[Any]], bool] | None = None,
) -> Replay:
    """Do what `areplay` does, with or without a running event loop in this thread."""
    from tracegraph.graph.rerun import Rerun, wait_for

    run = Rerun(recording, replaced, limit, skip, looping=False)
    if run.has_async_calls():
        run.looping = True  # one loop for all of them: they may share a connection
        return wait_for(run.finish())  # type: ignore[no-any-return]
    try:
        # Nothing is awaited, so one step is all, and no loop is needed.
        run.finish().send(None)
    except StopIteration as stop:
        result: Replay = stop.value
        return result
    raise AssertionError("a replay without async calls waited for something")
