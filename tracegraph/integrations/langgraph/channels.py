"""Who wrote what into the channels of a graph: from which node the state of a step comes.

LangGraph hands state from node to node through channels. What a node returns is written when its
step ends; a node of a later step reads it. A channel with a reducer holds what several nodes
wrote, joined. Values are compared by identity first and then by equality, because a checkpointer
gives copies, and because a thread can go on from an older state.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracegraph.graph.identity import Known
from tracegraph.graph.node import NO_KWARGS, MessageNode, Node, message
from tracegraph.graph.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracegraph.graph.scope import Frame


@dataclass(slots=True, eq=False)
class Write:
    """A value that a channel got, in which step, from which task; the node that it is."""

    step: int
    task: str
    value: Any
    known: Known | None = None
    covered: tuple[Write, ...] | None = None  # for a joined value: the writes that are in it

    def node(self) -> Node[Any] | None:
        """Return the node of the value; None for what came from outside of the recording."""
        return None if self.known is None else self.known.resolve()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value in the state came from.

    Attributes:
        node: the node that it is.
        sure: False when more may have been written before the recording began.
    """

    node: Node[Any]
    sure: bool = True


@dataclass(slots=True)
class Choice:
    """A call that chose what runs next, in which step, and what it chose."""

    step: int
    call: MessageNode[Any]
    targets: frozenset[str]


@dataclass(slots=True)
class Channels:
    """The writes of one thread of a graph, or of one run where there is no thread.

    ``seeds`` is what a nested graph was given by the one around it, by channel.
    """

    complete: bool = False
    seeds: dict[str, Write] = field(default_factory=dict)
    writes: defaultdict[str, list[Write]] = field(default_factory=lambda: defaultdict(list))
    choices: list[Choice] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def start(self, step: int) -> None:
        """Note that input comes in; before the first step nothing was there."""
        with self.lock:
            if step <= 0:
                self.writes.clear()
                self.choices.clear()
                self.complete = True

    def given(self, name: str, value: Any) -> Known | None:
        """Return the node of a value that the graph around this one passed in."""
        seed = self.seeds.get(name)
        return None if seed is None or not _matching([seed], value) else seed.known

    def write(self, name: str, entry: Write) -> None:
        """Note what a task wrote into a channel."""
        with self.lock:
            self.writes[name].append(entry)

    def choose(self, choice: Choice) -> None:
        """Note which nodes a call chose to run next."""
        with self.lock:
            self.choices.append(choice)

    def chosen(self, target: str, step: int) -> list[MessageNode[Any]]:
        """Return the calls that chose a node for this step."""
        with self.lock:
            found = self.choices
            return [c.call for c in found if c.step == step - 1 and target in c.targets]

    def origin(
        self, name: str, value: Any, step: int, task: str, channel: Any, frame: Frame
    ) -> Origin | None:
        """Return where the value came from that a task found in a channel.

        Args:
            name: of the channel.
            value: what the task found there.
            step: the step of the task.
            task: the id of the task, which may read what it wrote itself.
            channel: the channel, which knows how values are joined; None for one value.
            frame: where the joining is recorded.
        """
        with self.lock:
            there = [w for w in self.writes[name] if w.step < step or w.task == task]
            found = _matching(there, value)
            if found is None and channel is not None and there:
                found = self._joined(name, value, there, task, channel, frame)
            if found is None and (seed := self.seeds.get(name)) is not None:
                found = _matching([seed], value)
            node = None if found is None else found.node()
            if found is None or node is None:
                return None
            return Origin(node, self.complete or found.covered is None)

    def _joined(
        self, name: str, value: Any, there: Sequence[Write], task: str, channel: Any, frame: Frame
    ) -> Write:
        """Record that a value was joined from what was written since it was joined last."""
        before = next((write for write in reversed(there) if write.covered is not None), None)
        done = () if before is None else before.covered or ()
        new = [w for w in there if w.covered is None and all(w is not d for d in done)]
        parts = new if before is None else [before, *new]
        kept = tuple(w.value if (node := w.node()) is None else node for w in parts)
        parents = tuple({id(k): k for k in kept if isinstance(k, Node)}.values())
        made = Write(max(w.step for w in parts), task, value, covered=(*done, *new))
        if parents:
            joining = _joining(channel, name, fresh=before is None)
            call = message(MessageNode, joining, value, kept, NO_KWARGS, parents, frame)
            made.known = Known(value, call, (), False)
        self.writes[name].append(made)
        return made


class Threads:
    """The channels of all threads and nested graphs of one recording."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[tuple[str, str], Channels] = {}

    def channels(self, thread: str, namespace: str) -> Channels:
        """Return the channels of a graph: its thread or run, and where it is nested."""
        with self._lock:
            return self._by_key.setdefault((thread, namespace), Channels())


def _matching(writes: Sequence[Write], value: Any) -> Write | None:
    for write in reversed(writes):
        if write.value is value:
            return write
    return next((write for write in reversed(writes) if _equal(write.value, value)), None)


def _equal(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    try:
        return bool(one == other)
    except Exception:  # an array, say, that answers for each item
        return False


def _joining(channel: Any, name: str, *, fresh: bool) -> Operation:
    def join(*values: Any) -> Any:
        first, rest = ((), values) if fresh else (values[:1], values[1:])
        copied = channel.from_checkpoint(*first) if first else channel.copy()
        copied.update(list(rest))
        return copied.get()

    return Operation(
        join, name=f"join_{name}", description=f"What was written into {name!r}, joined in order."
    )
