"""Workers: many calls of model-written functions, each in a warm process of a sandbox."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tracegraph.sandbox.calls import Caller, Handle
from tracegraph.sandbox.errors import (
    RemoteError,
    SandboxDisk,
    SandboxError,
    SandboxKilled,
    SandboxMemory,
    SandboxOutput,
    SandboxRefused,
    SandboxTimeout,
)
from tracegraph.sandbox.result import Answer
from tracegraph.sandbox.server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tracegraph.sandbox.policy import Limits
    from tracegraph.sandbox.result import Status
    from tracegraph.sandbox.sandbox import Sandbox

_STATUSES: dict[type[SandboxError], Status] = {
    SandboxTimeout: "timeout",
    SandboxKilled: "killed",
    SandboxMemory: "memory",
    SandboxOutput: "output",
    SandboxDisk: "disk",
    SandboxRefused: "refused",
}


# ENOSPC and EFBIG, as OSError prints them.
_NO_ROOM = ("[Errno 28]", "[Errno 27]")


class Workers:
    """A fork server with preloaded modules, and up to ``count`` tasks at a time.

    Tasks compute and use files in a folder of their own; they have no network, start no
    processes and cannot reach each other. Whatever a task does, the others go on. With ``keep`` a
    process serves many tasks, which may then see what earlier ones left in memory.
    """

    def __init__(
        self, sandbox: Sandbox, preload: Sequence[str], count: int, *, keep: bool, limits: Limits
    ) -> None:
        self._sandbox = sandbox
        self._preload = tuple(preload)
        self._count = count
        self._keep = keep
        self._limits = limits
        self._server: ForkServer | None = None
        self._lock = threading.Lock()
        self._idle: list[Caller] = []
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="sandbox worker")

    async def __aenter__(self) -> Workers:
        await asyncio.to_thread(self._started)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all tasks and processes."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
            server, self._server = self._server, None
        for caller in idle:
            caller.close()
        if server is not None:
            server.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def load(self, source: str, name: str, prelude: str = "", *, file: str = "") -> Handle:
        """Return a handle for call(); nothing runs yet."""
        return Handle(source, name, prelude, file)

    async def call(
        self,
        handle: Handle,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        seconds: float | None = None,
    ) -> Answer:
        """Call the function in a process and return what came of it; never raises for the code.

        ``seconds`` is the deadline of definition and call (None: the limits' own).
        """
        box: list[Caller] = []
        future = asyncio.get_running_loop().run_in_executor(
            self._threads, self._one, handle, args, kwargs or {}, seconds, box
        )
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.cancel()
            for caller in box:
                caller.kill()
            raise

    async def map(
        self, handle: Handle, many: Iterable[Sequence[Any]], *, seconds: float | None = None
    ) -> list[Answer]:
        """Call the function once for each tuple of arguments; the answers are in order."""
        return await asyncio.gather(*(self.call(handle, args, seconds=seconds) for args in many))

    def _one(
        self,
        handle: Handle,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        seconds: float | None,
        box: list[Caller],
    ) -> Answer:
        begin = time.perf_counter()
        seconds = self._limits.seconds if seconds is None else seconds
        caller: Caller | None = None
        try:
            caller = self._take()
            box.append(caller)
            value, printed = caller.call(handle, args, kwargs, seconds)
            return Answer("ok", value, stdout=printed, seconds=time.perf_counter() - begin)
        except RemoteError as error:
            status: Status = "error"
            if error.type_name == "_ArrayMemoryError":
                status = "memory"
            elif error.message.startswith(_NO_ROOM):
                status = "disk"
            return Answer(
                status, None, str(error), error.traceback, error.stdout,
                time.perf_counter() - begin,
            )  # fmt: skip
        except SandboxError as error:
            if type(error) not in _STATUSES:
                raise
            took = time.perf_counter() - begin
            return Answer(_STATUSES[type(error)], None, str(error), seconds=took)
        finally:
            if caller is not None:
                self._give_back(caller)

    def _take(self) -> Caller:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        server = self._started()
        try:
            child = server.fork()
        except SandboxKilled:
            child = self._started().fork()
        return Caller(server, child, self._limits)

    def _give_back(self, caller: Caller) -> None:
        if self._keep and caller.usable:
            with self._lock:
                if self._server is not None:
                    self._idle.append(caller)
                    return
        caller.close()

    def _started(self) -> ForkServer:
        with self._lock:
            server = self._server
            if server is None or not server.running:
                if server is not None:
                    server.close()
                self._server = server = ForkServer(
                    self._sandbox, self._preload, self._limits,
                    count=self._count, keep=self._keep,
                )  # fmt: skip
            return server
