"""CodeWorker: call model-written functions from ordinary code, synchronously and fast."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from tracegraph.sandbox.calls import Caller, Handle
from tracegraph.sandbox.errors import SandboxError
from tracegraph.sandbox.sandbox import Sandbox
from tracegraph.sandbox.server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tracegraph.sandbox.policy import Policy

__all__ = ["CodeWorker", "Handle"]


class CodeWorker:
    """A warm process in a sandbox that defines functions from source and calls them.

    It starts at the first use, in a few tenths of a second; a call then costs some tens of
    microseconds and its copies. Thread-safe: calls wait for each other. When a call hangs or kills
    the process, the next one gets a fresh process in milliseconds, with the sources loaded again.
    A fork of this program gets a worker of its own. ``policy`` is as for Sandbox; ``preload`` are
    modules to import before. Raises SandboxUnavailable at the first use where nothing isolates.
    """

    def __init__(
        self,
        policy: Policy | str | os.PathLike[str] = "code",
        *,
        preload: Sequence[str] = (),
        unsafe: bool = False,
    ) -> None:
        self._made_from = (policy, tuple(preload), unsafe)
        self._live = _Live(*self._made_from)

    def load(
        self,
        source: str,
        name: str,
        prelude: str = "",
        *,
        file: str = "",
        seconds: float | None = 10.0,
    ) -> Handle:
        """Run the source in the worker and return a handle of the function that it defines.

        ``prelude`` runs before it in the same scope; tracebacks call the source ``file``. Raises
        RemoteError when the source fails, and the errors of call().
        """
        handle = Handle(source, name, prelude, file)
        self._current().use(lambda caller: caller.define(handle, seconds))
        return handle

    def call(
        self,
        handle: Handle,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        seconds: float | None = 10.0,
        stdout: Callable[[str], object] | None = None,
    ) -> Any:
        """Call the function and return its value; ``stdout`` gets what it printed, if anything.

        ``seconds`` is the deadline (None: none). Raises RemoteError when the code raises,
        SandboxTimeout, SandboxKilled, SandboxMemory, SandboxOutput, or SandboxRefused when a
        value cannot cross.
        """
        value, printed = self._current().use(
            lambda caller: caller.call(handle, args, kwargs or {}, seconds)
        )
        if printed and stdout is not None:
            stdout(printed)
        return value

    def close(self) -> None:
        """End the worker and all that belongs to it; the next use would start it again."""
        self._current().close()

    def __enter__(self) -> CodeWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _current(self) -> _Live:
        live = self._live
        if live.pid != os.getpid():
            # We are a fork: the worker, its locks and its sockets belong to the other program.
            live.abandon()
            live = self._live = _Live(*self._made_from)
        return live


class _Live:
    """The processes behind a CodeWorker, in one program."""

    def __init__(
        self, policy: Policy | str | os.PathLike[str], preload: tuple[str, ...], unsafe: bool
    ) -> None:
        self.pid = os.getpid()
        self._preload = preload
        self._policy = policy
        self._unsafe = unsafe
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._server: ForkServer | None = None
        self._caller: Caller | None = None

    def use(self, work: Callable[[Caller], Any]) -> Any:
        with self._lock:
            caller = self._caller
            if caller is None or not caller.usable:
                caller = self._caller = self._fresh()
            return work(caller)

    def _fresh(self) -> Caller:
        if self._server is not None and self._server.running:
            try:
                return self._forked(self._server)
            except SandboxError:
                pass  # The server has just ended: start anew.
        self._end()
        self._sandbox = sandbox = Sandbox(self._policy, unsafe=self._unsafe)
        try:
            sandbox.open()
            limits = sandbox.policy.limits
            self._server = ForkServer(sandbox, self._preload, limits, count=1, keep=True)
            return self._forked(self._server)
        except BaseException:
            self._end()
            raise

    def _forked(self, server: ForkServer) -> Caller:
        assert self._sandbox is not None
        return Caller(server, server.fork(), self._sandbox.policy.limits)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        caller, server, sandbox = self._caller, self._server, self._sandbox
        self._caller = self._server = self._sandbox = None
        if caller is not None:
            caller.close()
        if server is not None:
            server.abandon()
        if sandbox is not None:
            sandbox.close_now()

    def abandon(self) -> None:
        """Close our copies of what belongs to the program that we were forked from."""
        if self._caller is not None:
            self._caller.abandon()
        if self._server is not None:
            self._server.abandon()
        self._caller = self._server = self._sandbox = None
