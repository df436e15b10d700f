"""A node of a graph, recorded: what stands in its place does the same and notes the call."""

from __future__ import annotations

import inspect
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable
from langgraph.errors import GraphBubbleUp, ParentCommand
from langgraph.pregel._write import ChannelWriteTupleEntry
from langgraph.types import Command, Send

from tracegraph.graph.arithmetic import GETATTR, GETITEM
from tracegraph.graph.identity import Known
from tracegraph.integrations.calls import ForeignCall, operation, recording_frame
from tracegraph.integrations.langgraph.channels import Channels, Choice, Threads, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from weakref import WeakKeyDictionary

    from tracegraph.graph.bundle import BundledFunction
    from tracegraph.graph.node import MessageNode
    from tracegraph.graph.recording import Recording
    from tracegraph.graph.scope import Frame

# Names a run where no thread does; the underscores keep it out of metadata and checkpoints.
RUN = "__tracegraph_run"
_TO = "branch:to:"
_LAST = 1 << 60


@dataclass(frozen=True, slots=True)
class Task:
    """One run of a node: where in which graph, and the frame that it is recorded in."""

    frame: Frame
    recording: Recording
    step: int
    id: str
    channels: Channels
    inner: Channels  # those of the graph that the node is, if it is one

    def write(
        self, pairs: list[tuple[str, Any]], known: Callable[[str, Any], Known | None]
    ) -> None:
        """Note what the node wrote."""
        for name, value in pairs:
            if not name.startswith(_TO) and not isinstance(value, Send):
                entry = Write(self.step, self.id, value, known(name, value))
                self.channels.write(name, entry)


class Shape:
    """What recorded nodes need to know of their graph.

    Args:
        channels: the graph's channels by name.
        threads: the channels of each recording's threads, shared with nested graphs.
    """

    def __init__(
        self, channels: Mapping[str, Any], threads: WeakKeyDictionary[Recording, Threads]
    ) -> None:
        from langgraph.channels import AnyValue, EphemeralValue, LastValue, UntrackedValue
        from langgraph.channels.last_value import LastValueAfterFinish

        single = (AnyValue, EphemeralValue, LastValue, LastValueAfterFinish, UntrackedValue)
        self.joining = {n: c for n, c in channels.items() if not isinstance(c, single)}
        self.threads = threads

    def task(self, config: Mapping[str, Any] | None) -> Task | None:
        """Return the task that a node runs as; None where nothing is recorded."""
        frame = recording_frame()
        known = (config or {}).get("metadata") or {}
        if frame is None or frame.recording is None or "langgraph_step" not in known:
            return None
        threads = self.threads.setdefault(frame.recording, Threads())
        settings = (config or {}).get("configurable") or {}
        named = settings.get("thread_id")
        thread = f"thread {named}" if named is not None else str(settings.get(RUN, ""))
        place = str(known["langgraph_checkpoint_ns"])
        return Task(
            frame,
            frame.recording,
            int(known["langgraph_step"]),
            place,
            threads.channels(thread, place.rpartition("|")[0]),
            threads.channels(thread, place),
        )

    def sources(self, task: Task, state: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the state with nodes in place of what was recorded, and what is not certain."""
        kept, unsure = dict(state), []
        for name, value in state.items():
            found = task.channels.origin(
                name, value, task.step, task.id, self.joining.get(name), task.frame
            )
            if found is not None:
                kept[name] = found.node
                if not found.sure:
                    unsure.append(name)
        return kept, unsure

    @contextmanager
    def call(
        self, task: Task, recorded: BundledFunction, state: Mapping[str, Any] | None, value: Any
    ) -> Iterator[ForeignCall]:
        """Give the call of a node or route; errors are recorded, the graph's own signals not."""
        if state is None:
            call = ForeignCall(recorded, task.frame, {}, value)
        else:
            kept, unsure = self.sources(task, state)
            call = ForeignCall(recorded, task.frame, kept)
            for name in unsure:
                call.guessed(name)
        try:
            yield call
        except GraphBubbleUp:
            raise  # an interrupt, say: the node runs again when the graph goes on
        except Exception as error:
            call.fail(error)
            raise


class RecordedNode(Runnable[Any, Any]):  # type: ignore[misc]
    """A node's function, recorded.

    Args:
        name: of the node.
        node: the node as it was.
        shape: what is known of the graph.
        substitute: gives the function with the prompts of the present recording in it.
    """

    def __init__(
        self, name: str, node: Any, shape: Shape, substitute: Callable[[], Any] | None
    ) -> None:
        self.name = name
        self.node = node
        self.bound = node.bound
        self.shape = shape
        self.substitute = substitute
        self.about = _about(self.bound) or f"The node {name!r} of a graph."

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the node."""
        task = self.shape.task(config)
        if task is None:
            return self._now().invoke(input, config, **kwargs)
        with self._begin(task, input, config) as call:
            with call:
                value = self._now().invoke(input, config, **kwargs)
            return self._end(task, call, value)

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the node."""
        task = self.shape.task(config)
        if task is None:
            return await self._now().ainvoke(input, config, **kwargs)
        with self._begin(task, input, config) as call:
            with call:
                value = await self._now().ainvoke(input, config, **kwargs)
            return self._end(task, call, value)

    def _now(self) -> Any:
        return self.bound if self.substitute is None else self.substitute()

    @contextmanager
    def _begin(self, task: Task, input: Any, config: Any) -> Iterator[ForeignCall]:
        sent = config["metadata"]["langgraph_path"][0] == "__pregel_push"
        state = state_of(input, None if sent else self.node.channels)
        recorded = operation(self.name, self.about, self._again(input, state, config))
        with self.shape.call(task, recorded, state, input) as call:
            for number, choice in enumerate(task.channels.chosen(self.name, task.step)):
                call.depends_on(f"chosen_by_{number}" if number else "chosen_by", choice)
            yield call

    def _end(self, task: Task, call: ForeignCall, value: Any) -> Any:
        value = call.finish(value)
        made = call.made
        if made is not None:
            pairs = _pairs(self.node, value)
            task.write(pairs, lambda name, part: _part(task, made, value, name, part))
            _note_choice(task, made, _targets(pairs))
        return value

    def _again(self, input: Any, state: Any, config: Any) -> Callable[..., Any]:
        """Return the node as a function of the values of its state, for replays."""
        node = self.node

        def given(args: tuple[Any, ...], values: dict[str, Any]) -> Any:
            if state is None:
                return args[0]
            return values if isinstance(input, dict) or node.mapper is None else node.mapper(values)

        if getattr(self.bound, "func", self.bound) is None:

            async def arun(*args: Any, **values: Any) -> Any:
                return await self._now().ainvoke(given(args, values), config)

            return arun

        def run(*args: Any, **values: Any) -> Any:
            return self._now().invoke(given(args, values), config)

        return run


class RecordedGraph(Runnable[Any, Any]):  # type: ignore[misc]
    """A node that is a graph: what runs inside is recorded in its place."""

    def __init__(self, name: str, node: Any, graph: Any, shape: Shape, inner: Shape) -> None:
        self.name = name
        self.node = node
        self.bound = graph
        self.shape = shape
        self.inner = inner

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the graph."""
        task = self._begin(input, config)
        try:
            return self._end(task, self.bound.invoke(input, config, **kwargs))
        except ParentCommand as command:
            self._end(task, command.args[0])
            raise

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the graph."""
        task = self._begin(input, config)
        try:
            return self._end(task, await self.bound.ainvoke(input, config, **kwargs))
        except ParentCommand as command:
            self._end(task, command.args[0])
            raise

    def _begin(self, input: Any, config: Any) -> Task | None:
        task = self.shape.task(config)
        state = None if task is None else state_of(input, None)
        if task is not None and state is not None:
            kept, _ = self.shape.sources(task, state)
            for name, node in kept.items():
                if node is not state[name]:
                    known = Known(state[name], node, (), False)
                    task.inner.seeds[name] = Write(task.step, task.id, state[name], known)
        return task

    def _end(self, task: Task | None, value: Any) -> Any:
        if task is None:
            return value
        inner = task.inner

        def known(name: str, part: Any) -> Known | None:
            channel = self.inner.joining.get(name)
            found = inner.origin(name, part, _LAST, task.id, channel, task.frame)
            if found is None:
                return task.recording.known.get(part)
            return Known(part, found.node, (), False)

        update = Command(update=value.update) if isinstance(value, Command) else value
        task.write(_pairs(self.node, update), known)
        return value


class RecordedStart(Runnable[Any, Any]):  # type: ignore[misc]
    """Where input comes in."""

    def __init__(self, node: Any, shape: Shape) -> None:
        self.name = "__start__"
        self.node = node
        self.shape = shape

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Pass the input on."""
        task = self.shape.task(config)
        if task is not None:
            task.channels.start(task.step)

            def known(name: str, value: Any) -> Known | None:
                found = task.channels.given(name, value) or task.recording.known.get(value)
                return None if found is None or found.shared else found

            task.write(_pairs(self.node, input), known)
        return input


class RecordedPath(Runnable[Any, Any]):  # type: ignore[misc]
    """The function of a conditional edge, recorded: what it says chooses the next nodes."""

    def __init__(self, path: Any, ends: Mapping[Any, str] | None, shape: Shape) -> None:
        self.path = path
        self.ends = ends
        self.shape = shape
        self.name = getattr(path, "name", None) or "route"
        self.about = _about(path) or "Choose what runs next."

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Choose."""
        task = self.shape.task(config)
        if task is None:
            return self.path.invoke(input, config, **kwargs)
        with self._begin(task, input, config) as call:
            with call:
                value = self.path.invoke(input, config, **kwargs)
            return self._end(task, call, value)

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Choose."""
        task = self.shape.task(config)
        if task is None:
            return await self.path.ainvoke(input, config, **kwargs)
        with self._begin(task, input, config) as call:
            with call:
                value = await self.path.ainvoke(input, config, **kwargs)
            return self._end(task, call, value)

    @contextmanager
    def _begin(self, task: Task, input: Any, config: Any) -> Iterator[ForeignCall]:
        state = state_of(input, None)

        def again(*args: Any, **values: Any) -> Any:
            given = args[0] if args else values if isinstance(input, dict) else input
            return self.path.invoke(given, config)

        recorded = operation(self.name, self.about, again)
        with self.shape.call(task, recorded, state, input) as call:
            yield call

    def _end(self, task: Task, call: ForeignCall, value: Any) -> Any:
        value = call.finish(value)
        ends = self.ends or {}
        chosen = value if isinstance(value, (list, tuple)) else [value]
        targets = {c.node if isinstance(c, Send) else str(ends.get(c, c)) for c in chosen}
        if call.made is not None:
            _note_choice(task, call.made, targets)
        return value


def state_of(value: Any, channels: Any) -> dict[str, Any] | None:
    """Return what a node is given as a dict of channels; None for one value."""
    if isinstance(channels, str):
        return None
    if isinstance(value, dict):
        return dict(value) if all(isinstance(key, str) for key in value) else None
    names = channels if channels is not None else getattr(type(value), "__annotations__", ())
    if not names or isinstance(value, (str, bytes, int, float, list, tuple)):
        return None
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _note_choice(task: Task, call: MessageNode[Any], targets: set[str]) -> None:
    if targets:
        task.channels.choose(Choice(task.step, call, frozenset(targets)))


def _pairs(node: Any, output: Any) -> list[tuple[str, Any]]:
    """Return what a node's output writes, as the graph itself reads it: (channel, value)."""
    found: list[tuple[str, Any]] = []
    for writer in node.writers:
        for entry in getattr(writer, "writes", ()):
            if isinstance(entry, ChannelWriteTupleEntry):
                with suppress(Exception):  # what is wrong with an output, the graph will say
                    found.extend(entry.mapper(output) or ())
    return found


def _targets(pairs: list[tuple[str, Any]]) -> set[str]:
    named = {name.removeprefix(_TO) for name, _ in pairs if name.startswith(_TO)}
    return named | {value.node for _, value in pairs if isinstance(value, Send)}


def _part(task: Task, made: MessageNode[Any], output: Any, name: str, value: Any) -> Known:
    """Return a written value as a part of what the node returned."""
    known = task.recording.known.get(value)
    if known is not None and not known.shared and known.owner is made:
        return known
    way: tuple[Any, ...] = ()
    held = output.update if isinstance(output, Command) else output
    if isinstance(held, dict) and held.get(name) is value:
        way = ((GETITEM, name),)
    elif not isinstance(held, dict) and getattr(held, name, None) is value:
        way = ((GETATTR, name),)
    if way and held is not output:
        way = ((GETATTR, "update"), *way)
    return Known(value, made, way, False)


def _about(runnable: Any) -> str:
    for fun in (getattr(runnable, "func", None), getattr(runnable, "afunc", None)):
        if fun is not None and (doc := inspect.getdoc(fun)) and not isinstance(fun, type):
            return doc
    return ""
