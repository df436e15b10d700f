"""Our end of the keeper (inside/keeper.py): requests, answers, and what jobs ended."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import weakref
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph.sandbox.errors import SandboxError, SandboxRefused
from tracegraph.sandbox.inside import channel

if TYPE_CHECKING:
    import socket

_HERE = str(Path(__file__).parent)
_START = "import sys; sys.path.insert(0, {!r}); from inside import keeper; keeper.main()"
_ANSWER_SECONDS = 60.0
_ENDING_SECONDS = 20.0

Reply = tuple[dict[str, Any], list[int]]


class Keeper:
    """Starts a keeper and talks to it; thread-safe. Belongs to the process that made it.

    With ``plain``, workspaces are folders on the disk even where they could be mounts.
    """

    def __init__(self, *, plain: bool = False) -> None:
        ours, theirs = channel.pair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-I", "-S", "-c", _START.format(_HERE),
                    str(theirs.fileno()), str(os.getpid()), *(["plain"] if plain else []),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env={"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": os.environ.get("TMPDIR", "/tmp")},
            )  # fmt: skip
        self._sock = ours
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[Reply]] = {}
        self._jobs: dict[int, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._alive = True
        self._owner = os.getpid()
        self._finalizer = weakref.finalize(self, _end, ours, self._process, os.getpid())
        threading.Thread(
            target=_read, args=(ours, weakref.ref(self)), name="sandbox keeper", daemon=True
        ).start()

    def number(self) -> int:
        """Return a new number, for a job or a workspace."""
        return next(self._numbers)

    def ask(self, do: str, descriptors: list[int] | None = None, **what: Any) -> Future[Reply]:
        """Send a request; the future has the answer and its descriptors, which are then ours."""
        if os.getpid() != self._owner:
            raise SandboxError("the sandbox was opened before a fork; open one in this process")
        number = self.number()
        future: Future[Reply] = Future()
        with self._lock:
            if not self._alive:
                raise SandboxError("the sandbox is closed; open a new one")
            self._asked[number] = future
        try:
            channel.send(self._sock, {"id": number, "do": do, **what}, descriptors)
        except ValueError as error:
            self._asked.pop(number, None)
            raise SandboxRefused(f"the command is too long: {error}; use files instead") from None
        except OSError:
            self._asked.pop(number, None)
            raise SandboxError("the sandbox's keeper has ended; open a new sandbox") from None
        return future

    def call(self, do: str, descriptors: list[int] | None = None, **what: Any) -> Reply:
        """Send a request and wait for its answer; raises SandboxError when it fails."""
        return checked(self.ask(do, descriptors, **what).result(_ANSWER_SECONDS))

    def expect(self, job: int) -> Future[dict[str, Any]]:
        """Return the future of a job's outcome; call it before the job is launched."""
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            self._jobs[job] = future
        return future

    def forget(self, job: int) -> None:
        """Take back expect(), when the job was not launched."""
        with self._lock:
            self._jobs.pop(job, None)

    def close(self) -> None:
        """End every job and the keeper, and wait until they are gone."""
        self._alive = False
        self._finalizer()

    def _take(self, message: dict[str, Any], descriptors: list[int]) -> None:
        future: Future[Any] | None
        with self._lock:
            if "ended" in message:
                future = self._jobs.pop(message["ended"], None)
                value: Any = message
            else:
                future = self._asked.pop(message["id"], None)
                value = (message, descriptors)
        if future is None or not future.set_running_or_notify_cancel():
            channel.close(descriptors)
        else:
            future.set_result(value)

    def _lost(self) -> None:
        with self._lock:
            self._alive = False
            waiting: list[Future[Any]] = [*self._asked.values(), *self._jobs.values()]
            self._asked, self._jobs = {}, {}
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(SandboxError("the sandbox was closed meanwhile"))


def checked(reply: Reply) -> Reply:
    """Return the reply, or raise the error that it tells of."""
    if "error" in reply[0]:
        channel.close(reply[1])
        raise SandboxError(f"the sandbox could not do it: {reply[0]['error']}")
    return reply


def _read(sock: socket.socket, keeper: weakref.ref[Keeper]) -> None:
    # Holds no strong reference while it waits, so that a forgotten keeper is ended.
    received = None
    with contextlib.suppress(OSError):
        received = channel.receive(sock)
    while received is not None:
        target = keeper()
        if target is None:
            channel.close(received[1])
            break
        target._take(*received)
        del target
        received = None
        with contextlib.suppress(OSError):
            received = channel.receive(sock)
    target = keeper()
    if target is not None:
        target._lost()


def _end(sock: socket.socket, process: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() != owner:
        # A forked copy: the keeper is not ours to end.
        sock.close()
        return
    import socket as sockets

    with contextlib.suppress(OSError):
        sock.shutdown(sockets.SHUT_RDWR)
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    sock.close()
