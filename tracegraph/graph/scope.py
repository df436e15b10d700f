"""Where a call is recorded: the frame of the current context.

One ContextVar holds the frame. Tasks and copied contexts inherit it, plain threads start
without one, so concurrent recordings cannot mix.
"""

from __future__ import annotations

import itertools
import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from tracegraph.graph.node import MessageNode, Node
    from tracegraph.graph.recording import Recording

# Creation order of nodes in this process. Never shown where a recording gives names: it only
# sorts nodes and tells whether a node is older than the call that reads it.
next_sequence = itertools.count().__next__


class Frame:
    """What a recorded call needs to know about its surroundings.

    Inside a bundled call, ``used`` collects the nodes whose value was read directly and
    ``passed`` those that inner recorded calls took; ``start`` is the sequence number at which
    the frame was opened: what is older came from outside. ``plain`` is the function whose
    recursive calls are not recorded, ``created`` the nodes made inside a recording. ``root``
    marks the frame of a recording itself, outside of any call. In a replay, ``overrides`` holds
    the values that nodes have instead of their own.
    """

    __slots__ = (
        "created", "overrides", "passed", "plain", "recording", "root", "start", "tracing", "used",
    )  # fmt: skip

    def __init__(
        self,
        recording: Recording | None = None,
        *,
        tracing: bool = True,
        used: dict[int, Node[Any]] | None = None,
        plain: object = None,
        root: bool = False,
        overrides: dict[int, Any] | None = None,
    ) -> None:
        self.recording = recording
        self.tracing = tracing
        self.used = used
        self.plain = plain
        self.root = root
        self.overrides = overrides
        self.start = next_sequence()
        self.passed: dict[int, Node[Any]] | None = None
        self.created: list[MessageNode[Any]] | None = None

    def read(self, node: Node[Any]) -> Any:
        """Return the value of a node and note that it was read directly."""
        if self.used is not None:
            self.used[id(node)] = node
        elif self.root:
            pending_reads.set((*pending_reads.get(), node))
        if self.overrides is not None:
            return self.overrides.get(id(node), node._data)
        return node._data

    def value_of(self, node: Node[Any]) -> Any:
        """Return the value of a node without noting it."""
        if self.overrides is not None:
            return self.overrides.get(id(node), node._data)
        return node._data

    def pass_on(self, node: Node[Any]) -> None:
        """Note that a recorded call inside this frame took a node."""
        if self.passed is None:
            self.passed = {}
        self.passed[id(node)] = node


current_frame: ContextVar[Frame | None] = ContextVar("tracegraph_frame", default=None)


# The nodes read in a recording, outside of calls, since the last call of this context.
pending_reads: ContextVar[tuple[Node[Any], ...]] = ContextVar("tracegraph_reads", default=())


class Switch:
    """Whether bundled functions record at all in this process."""

    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on = os.environ.get("TRACEGRAPH", "on").lower() not in ("off", "0", "false", "no")


switch = Switch()


class off:
    """Stop recording in the whole process: bundled functions become the plain ones.

    Call it once, or use it as a context manager that restores what was before. The environment
    variable ``TRACEGRAPH=off`` does the same from the start.
    """

    def __init__(self) -> None:
        self._before = switch.on
        switch.on = False

    def __enter__(self) -> off:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        switch.on = self._before


def on() -> None:
    """Record again after `off`."""
    switch.on = True


class stop_tracing:
    """In this context calls still return nodes, but nothing is recorded about their inputs."""

    def __enter__(self) -> stop_tracing:
        outer = current_frame.get()
        recording = outer.recording if outer is not None else None
        self._token = current_frame.set(Frame(recording, tracing=False))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        current_frame.reset(self._token)
