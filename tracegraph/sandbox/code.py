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

# When each function has a process of its own: as many more than run at a time.
_KEPT = 16
# A process forgets no definition; from this many on it is replaced.
_MOST_DEFINED = 1000


class CodeWorker:
    """A warm process in a sandbox that defines functions from source and calls them.

    It starts at the first use, in a few tenths of a second; a call then costs some tens of
    microseconds and its copies. Thread-safe: ``count`` calls run at a time, in as many processes;
    others wait. When a call hangs or kills its process, the next one gets a fresh process in
    milliseconds, with the source loaded again. A fork of this program gets processes of its own.

    ``policy`` is as for Sandbox; ``preload`` are modules to import before. With ``apart``, each
    function has a process of its own, so that one cannot change what another one finds there.
    Raises SandboxUnavailable at the first use where nothing isolates.
    """

    def __init__(
        self,
        policy: Policy | str | os.PathLike[str] = "code",
        *,
        preload: Sequence[str] = (),
        unsafe: bool = False,
        count: int = 1,
        apart: bool = False,
    ) -> None:
        self._made_from = (policy, tuple(preload), unsafe, count, apart)
        self._live = _Live(*self._made_from)

    def load(
        self,
        source: str,
        name: str,
        prelude: str = "",
        *,
        file: str = "",
        classes: Sequence[type] = (),
        seconds: float | None = 10.0,
    ) -> Handle:
        """Run the source in the worker and return a handle of the function that it defines.

        ``prelude`` runs before it in the same scope; tracebacks call the source ``file``;
        ``classes`` are those of this program that source or prelude define again, so that the
        function may return their instances. Raises RemoteError when the source fails, and the
        errors of call().
        """
        handle = Handle(source, name, prelude, file, tuple(classes))
        self._current().use(handle, lambda caller: caller.define(handle, seconds))
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

        What is to be awaited is awaited there; the items of a generator come back as a list.
        ``seconds`` is the deadline (None: none). Raises RemoteError when the code raises,
        SandboxTimeout, SandboxKilled, SandboxMemory, SandboxOutput, or SandboxRefused when a
        value cannot cross.
        """
        value, printed = self._current().use(
            handle, lambda caller: caller.call(handle, args, kwargs or {}, seconds)
        )
        if printed and stdout is not None:
            stdout(printed)
        return value

    def close(self) -> None:
        """End the worker when its calls have ended; the next use would start it again."""
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
        self,
        policy: Policy | str | os.PathLike[str],
        preload: tuple[str, ...],
        unsafe: bool,
        count: int,
        apart: bool,
    ) -> None:
        self.pid = os.getpid()
        self._policy = policy
        self._preload = preload
        self._unsafe = unsafe
        self._count = count
        self._apart = apart
        self._most = count + (_KEPT if apart else 0)
        self._turns = threading.Semaphore(count)
        self._lock = threading.Lock()
        self._closing = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._server: ForkServer | None = None
        self._idle: list[Caller] = []  # the one used last comes last
        self._busy: set[Caller] = set()

    def use(self, handle: Handle, work: Callable[[Caller], Any]) -> Any:
        with self._turns:
            with self._lock:
                caller = self._taken(handle)
                self._busy.add(caller)
            try:
                return work(caller)
            finally:
                with self._lock:
                    self._give_back(caller, handle)

    def _taken(self, handle: Handle) -> Caller:
        for at in reversed(range(len(self._idle))):
            if not self._apart or self._idle[at].knows(handle):
                return self._idle.pop(at)
        while self._idle and len(self._idle) + len(self._busy) >= self._most:
            self._idle.pop(0).close()
        return self._fresh()

    def _give_back(self, caller: Caller, handle: Handle) -> None:
        self._busy.discard(caller)
        current = caller.usable and caller.server is self._server
        # What failed to be defined may have left something behind.
        clean = caller.knows(handle) if self._apart else caller.defined < _MOST_DEFINED
        if current and clean:
            self._idle.append(caller)
        else:
            caller.close()

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
            self._server = ForkServer(sandbox, self._preload, limits, count=self._most, keep=True)
            return self._forked(self._server)
        except BaseException:
            self._end()
            raise

    def _forked(self, server: ForkServer) -> Caller:
        assert self._sandbox is not None
        return Caller(server, server.fork(), self._sandbox.policy.limits)

    def close(self) -> None:
        with self._closing:
            for _ in range(self._count):
                self._turns.acquire()
            try:
                with self._lock:
                    self._end()
            finally:
                self._turns.release(self._count)

    def _end(self) -> None:
        idle, server, sandbox = self._idle, self._server, self._sandbox
        self._idle, self._server, self._sandbox = [], None, None
        for caller in idle:
            caller.close()
        if server is not None:
            server.abandon()
        if sandbox is not None:
            sandbox.close_now()

    def abandon(self) -> None:
        """Close our copies of what belongs to the program that we were forked from."""
        for caller in (*self._idle, *self._busy):
            caller.abandon()
        if self._server is not None:
            self._server.abandon()
        self._idle, self._server, self._sandbox = [], None, None
        self._busy = set()
