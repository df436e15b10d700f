"""Counterfactual replay: run again only what depends on a value, with another value in its place.

Everything else comes from the record: calls that do not depend on the value are not made.
"""

from __future__ import annotations

import contextvars
import inspect
from typing import TYPE_CHECKING, Any

from tracegraph.graph.containers import convert, leaves
from tracegraph.graph.errors import GraphError
from tracegraph.graph.node import MessageNode, Node
from tracegraph.graph.scope import Frame, current_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracegraph.graph.recording import Recording


class Replay:
    """What would have been.

    Attributes:
        replaced: the values that were put in, by node.
        rerun: the calls that were made again, in order.
        errors: what a call raised this time, by node.
        uncertain: calls that depend on a changed value only by a guessed edge; they were not made
            again, because what happened to the value in between is not recorded.
        not_computed: calls that need the result of one that failed, was skipped, or was over the
            limit.
    """

    def __init__(self, recording: Recording, replaced: Mapping[Node[Any], Any]) -> None:
        self.recording = recording
        self.replaced = dict(replaced)
        self.rerun: list[MessageNode[Any]] = []
        self.errors: dict[Node[Any], BaseException] = {}
        self.uncertain: list[MessageNode[Any]] = []
        self.not_computed: list[MessageNode[Any]] = []
        self._values = {id(node): value for node, value in replaced.items()}

    def value(self, node: Node[Any]) -> Any:
        """Return the value that a node would have had.

        Raises:
            GraphError: the node was not computed, or failed.
        """
        if node in self.errors:
            raise GraphError(f"{node.name} failed in the replay: {self.errors[node]!r}")
        if any(node is other for other in self.not_computed):
            raise GraphError(f"{node.name} was not computed in the replay")
        return self._values.get(id(node), node._data)

    def changed(self, node: Node[Any]) -> bool:
        """Whether the node was replaced or made again."""
        return id(node) in self._values

    @property
    def outputs(self) -> dict[Node[Any], Any]:
        """The values of the recording's outputs that could be computed."""
        missing = {id(node) for node in [*self.not_computed, *self.errors]}
        return {n: self.value(n) for n in self.recording.outputs if id(n) not in missing}

    def __repr__(self) -> str:
        return (
            f"<Replay: {len(self.rerun)} calls made again, {len(self.errors)} failed,"
            f" {len(self.uncertain)} uncertain>"
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
        recording: what ran; nothing in it changes.
        replaced: the new value of each node: an input, a parameter, or the result of a call.
        limit: make at most this many calls.
        skip: calls that must not be made, because they cost too much or act on the world.
    """
    return await _Run(recording, replaced, limit, skip).finish()


def replay(
    recording: Recording,
    replaced: Mapping[Node[Any], Any],
    *,
    limit: int | None = None,
    skip: Callable[[MessageNode[Any]], bool] | None = None,
) -> Replay:
    """Do what :func:`areplay` does, with or without a running event loop in this thread."""
    steps = _Run(recording, replaced, limit, skip).finish()
    try:
        # Without an async function among the calls nothing is awaited, and no loop is needed.
        steps.send(None)
    except StopIteration as stop:
        result: Replay = stop.value
        return result
    steps.close()
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    again = areplay(recording, replaced, limit=limit, skip=skip)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(contextvars.copy_context().run, asyncio.run, again).result()


class _Run:
    def __init__(
        self,
        recording: Recording,
        replaced: Mapping[Node[Any], Any],
        limit: int | None,
        skip: Callable[[MessageNode[Any]], bool] | None,
    ) -> None:
        self.result = Replay(recording, replaced)
        self.flow = recording.flow
        self.limit = limit
        self.skip = skip
        # Parameters have the values that they had then, whatever they have now.
        self.overrides = {id(node): value for node, value in recording.read} | self.result._values
        self.missing: set[int] = set()
        self.items: dict[int, list[Any]] = {}

    async def finish(self) -> Replay:
        result = self.result
        for node in result.recording.nodes:
            if id(node) in result._values:
                continue
            certain, guessed = self._dependence(node)
            if any(id(p) in self.missing for p in node._parents):
                self._miss(node)
            elif certain:
                over = self.limit is not None and len(result.rerun) >= self.limit
                if over or (self.skip is not None and self.skip(node)):
                    self._miss(node)
                else:
                    await self._again(node)
            elif guessed:
                result.uncertain.append(node)
        return result

    def _dependence(self, node: MessageNode[Any]) -> tuple[bool, bool]:
        """Return whether a changed node is an argument for certain, and whether by a guess."""
        certain = guessed = False
        changed = self.result._values
        for name, parent in _edges(node):
            if id(parent) in changed:
                # A guess about which node an argument is can be followed; a guess that an
                # argument was made from a node ("x~node") cannot.
                if name in node.inferred and name in (node._extra or {}):
                    guessed = True
                else:
                    certain = True
        return certain, guessed

    def _miss(self, node: MessageNode[Any]) -> None:
        self.missing.add(id(node))
        self.result.not_computed.append(node)

    async def _again(self, node: MessageNode[Any]) -> None:
        from tracegraph.graph.recording import Recording

        result = self.result
        items = node.info.get("items")
        try:
            if items is not None and id(items) in self.items:
                value = self.items[id(items)][node.info["item"]]
            else:
                result.rerun.append(node)
                # Inner calls behave as they did: recorded, but into a recording nobody keeps.
                scratch = Recording(self.flow)
                frame = Frame(scratch, used={}, overrides=self.overrides)
                token = current_frame.set(frame)
                try:
                    value = await self._call(node)
                finally:
                    current_frame.reset(token)
                if items is not None:
                    self.items[id(items)] = value
                    value = value[node.info["item"]]
        except Exception as error:
            result.errors[node] = error
            self.missing.add(id(node))
            return
        value = convert(value, lambda n: n._data)
        self.overrides[id(node)] = result._values[id(node)] = value

    async def _call(self, node: MessageNode[Any]) -> Any:
        def value_of(parent: Node[Any]) -> Any:
            return self.overrides.get(id(parent), parent._data)

        code = (node._extra or {}).get("__code")
        fun: Any = node._operation.fun if code is None else code.call  # type: ignore[attr-defined]
        receiver = node._receiver()
        args = [arg if arg is receiver else convert(arg, value_of) for arg in node._args]
        value = fun(*args, **{key: convert(arg, value_of) for key, arg in node._kwargs.items()})
        if inspect.isawaitable(value):
            return await value
        if node.info.get("items") is None:
            return value
        if inspect.isasyncgen(value):
            return [item async for item in value]
        return list(value)


def _edges(node: MessageNode[Any]) -> list[tuple[str, Node[Any]]]:
    receiver = node._receiver()
    found = list((node._extra or {}).items())
    for key, value in node._operation.bind(node._args, node._kwargs).items():
        if value is not receiver:
            found.extend(leaves(value, key).items())
    return found
