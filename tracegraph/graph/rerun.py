"""One replay at work: which calls depend on a changed value, and how each is made again."""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tracegraph.graph.containers import ATOMIC, convert, leaves
from tracegraph.graph.errors import GraphError
from tracegraph.graph.feedback import ancestors
from tracegraph.graph.node import MessageNode, Node, _by_hand
from tracegraph.graph.replay import Replay
from tracegraph.graph.scope import Frame, current_frame

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tracegraph.graph.recording import Recording

_DEPTH = 32


class Rerun:
    """The state of a replay; ``looping`` tells whether it runs inside an event loop."""

    def __init__(
        self,
        recording: Recording,
        replaced: Mapping[Node[Any], Any],
        limit: int | None,
        skip: Callable[[MessageNode[Any]], bool] | None,
        *,
        looping: bool,
    ) -> None:
        self.order, roots = ancestors(recording.nodes)
        _check(recording, replaced, [*self.order, *roots])
        accepted = {node: fresh(_accepted(node, value)) for node, value in replaced.items()}
        self.result = Replay(recording, accepted)
        self.limit = limit
        self.skip = skip
        self.looping = looping
        # Parameters have the values that they had then, whatever they have now.
        self.overrides = {id(n): fresh(v) for n, v in recording.read} | self.result._values
        self.missing: set[int] = set()
        self.doubtful: set[int] = set()
        self.items: dict[int, _Items] = {}

    def has_async_calls(self) -> bool:
        """Whether a call is of a kind that may have to wait."""
        kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
        return any(kind(node._operation.fun) for node in self.order for kind in kinds)

    async def finish(self) -> Replay:
        """Go over the calls in their order."""
        try:
            for node in self.order:
                if id(node) not in self.result._values:
                    await self._visit(node)
        finally:
            for items in self.items.values():
                await self._settle(items.close())
        return self.result

    async def _visit(self, node: MessageNode[Any]) -> None:
        result, values = self.result, self.result._values
        parents = [id(parent) for parent in node._parents]
        changed = any(key in values for key in parents)
        doubtful = any(key in self.doubtful for key in parents)
        missing = any(key in self.missing for key in parents)
        if not (changed or doubtful or missing):
            return
        guessed = _guessed(node) if node._inferred else {}
        if guessed:
            # A guess about which node an argument is can be followed; a guess that an argument
            # was made from a node cannot: only the program knows how.
            certain = {id(p) for name, p in _edges(node) if not guessed.get(name)}
            doubtful = doubtful or any(key in values and key not in certain for key in parents)
            doubtful = doubtful or any(key in self.missing - certain for key in parents)
            changed = any(key in values for key in certain)
            missing = any(key in self.missing for key in certain)
        by_hand = node._operation.fun is _by_hand
        if missing:
            self._miss(node, "it needs a result that is missing")
        elif changed and not by_hand:
            if guessed and not _sure(node, values, guessed):
                result.assumed.append(node)
            await self._again(node)
        if (doubtful or by_hand) and id(node) not in self.missing:
            self.doubtful.add(id(node))
            result.uncertain.append(node)

    def _miss(self, node: MessageNode[Any], why: str) -> None:
        self.missing.add(id(node))
        self.result.not_computed[node] = why

    async def _again(self, node: MessageNode[Any]) -> None:
        result = self.result
        notes = (node._notes or {}).get("info") or {}
        key, items = id(notes.get("items")), None
        if "items" in notes:
            items = self.items.get(key)
        if items is None:
            if self.skip is not None and self.skip(node):
                return self._miss(node, "it was to be skipped")
            if self.limit is not None and result.calls >= self.limit:
                return self._miss(node, f"the limit of {self.limit} calls was reached")
            result.calls += 1
        token = current_frame.set(self._frame())
        try:
            if "items" not in notes:
                value = await self._settle(self._call(node))
            else:
                if items is None:
                    items = self.items[key] = _Items(self._call(node))
                value = await self._item(items, notes["item"])
            value = convert(value, lambda n: n.data)
        except _NoMoreItems as end:
            self._miss(node, str(end))
        except Exception as error:
            result.rerun.append(node)
            result.errors[node] = error
            self.missing.add(id(node))
        else:
            result.rerun.append(node)
            self.overrides[id(node)] = result._values[id(node)] = value
        finally:
            current_frame.reset(token)
        return None

    def _frame(self) -> Frame:
        from tracegraph.graph.recording import Recording

        # Inner calls behave as they did: recorded, but into a recording nobody keeps.
        scratch = Recording(self.result.recording.flow)
        return Frame(scratch, used={}, overrides=self.overrides)

    def _call(self, node: MessageNode[Any]) -> Any:
        operation = node._operation
        code = (node._extra or {}).get("__code")
        fun: Any = operation.fun if code is None else code.call
        on_nodes = operation.on_nodes and not self.result.recording.native
        receiver = node._receiver()

        def given(arg: Any) -> Any:
            return arg if arg is receiver else convert(fresh(arg), self._value_of)

        def as_node(arg: Any) -> Any:
            return arg if arg is receiver else convert(fresh(arg), self._as_node)

        prepare = as_node if on_nodes else given
        return fun(
            *[prepare(arg) for arg in node._args],
            **{key: prepare(arg) for key, arg in node._kwargs.items()},
        )

    def _value_of(self, node: Node[Any]) -> Any:
        # What this replay made is passed on as it is; the record is not for others to change.
        found = self.overrides
        return found[id(node)] if id(node) in found else fresh(node._data)

    def _as_node(self, node: Node[Any]) -> Node[Any]:
        return Node(self._value_of(node), name=node.name)

    async def _item(self, items: _Items, index: int) -> Any:
        while len(items.made) <= index:
            if items.error is not None:
                raise items.error
            try:
                items.made.append(await self._settle(items.step()))
            except (StopIteration, StopAsyncIteration):
                items.error = _NoMoreItems(f"this time there are only {len(items.made)} items")
            except Exception as error:
                items.error = error
        return items.made[index]

    async def _settle(self, value: Any) -> Any:
        if not inspect.isawaitable(value):
            return value
        return await value if self.looping else wait_for(value)


class _NoMoreItems(Exception):
    pass


class _Items:
    """The items of one generator, made as they are asked for: it may have no end."""

    __slots__ = ("error", "made", "source")

    def __init__(self, source: Any) -> None:
        self.source = source
        self.made: list[Any] = []
        self.error: Exception | None = None

    def step(self) -> Any:
        if inspect.isasyncgen(self.source):
            return _next(self.source)
        return next(self.source)

    def close(self) -> Any:
        close = getattr(self.source, "aclose", None) or getattr(self.source, "close", None)
        return None if close is None else close()


async def _next(source: Any) -> Any:
    return await anext(source)


def fresh(value: Any, depth: int = _DEPTH) -> Any:
    """Copy lists, dicts and sets, all the way down; what they hold stays the same object."""
    kind = type(value)
    if kind in ATOMIC or depth == 0:
        return value
    if kind is list:
        return [fresh(item, depth - 1) for item in value]
    if kind is dict:
        return {key: fresh(item, depth - 1) for key, item in value.items()}
    if kind is tuple:
        return tuple([fresh(item, depth - 1) for item in value])
    return set(value) if kind is set else value


def wait_for(value: Awaitable[Any]) -> Any:
    """Wait for something from plain code, whether or not a loop runs in this thread."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    async def wait() -> Any:
        return await value

    work: Coroutine[Any, Any, Any] = wait()
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(contextvars.copy_context().run, asyncio.run, work).result()


def _check(recording: Recording, replaced: Mapping[Node[Any], Any], nodes: list[Node[Any]]) -> None:
    known = {id(node) for node in nodes} | {id(node) for node, _ in recording.read}
    for node in replaced:
        if id(node) in known:
            continue
        outer = recording.enclosing(node)
        if outer is not node:
            raise GraphError(
                f"{node.name} is inside the body of {outer.name}, which runs again as a whole:"
                f" replace {outer.name}, or what goes into it"
            )
        raise GraphError(
            f"{node.name} is not part of recording {recording.name!r}: replace a recorded call, or"
            " a node or parameter that one used; a constant argument is none of these"
        )


def _accepted(node: Node[Any], value: Any) -> Any:
    value = value._data if isinstance(value, Node) else value
    validate = getattr(node, "validate", None) if node.trainable else None
    return value if validate is None else validate(value)


def _guessed(node: MessageNode[Any]) -> dict[str, bool]:
    """Return the guessed edges, and whether each stands for something made from its node."""
    extra = node._extra or {}
    return {name: name in extra for name in node._inferred}


def _sure(node: MessageNode[Any], changed: Mapping[int, Any], guessed: Mapping[str, bool]) -> bool:
    return any(id(p) in changed and name not in guessed for name, p in _edges(node))


def _edges(node: MessageNode[Any]) -> list[tuple[str, Node[Any]]]:
    receiver = node._receiver()
    found = list((node._extra or {}).items())
    for key, value in node._operation.bind(node._args, node._kwargs).items():
        if value is not receiver:
            found.extend(leaves(value, key).items())
    return found
