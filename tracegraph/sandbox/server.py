"""Our end of the fork server (inside/server.py) and of its children (inside/task.py)."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from tracegraph.sandbox import layers, view
from tracegraph.sandbox.errors import SandboxError, SandboxKilled, SandboxRefused, SandboxTimeout
from tracegraph.sandbox.inside import channel
from tracegraph.sandbox.inside.wire import LENGTH
from tracegraph.sandbox.sandbox import launch_message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from tracegraph.sandbox.policy import Limits
    from tracegraph.sandbox.sandbox import Sandbox

_START = (
    "import sys; sys.path.insert(0, {!r}); from inside import server; del sys.path[0]; "
    "server.main()"
)
_READY_SECONDS = 120.0
_FORK_SECONDS = 30.0
_ENDED_SECONDS = 5.0
_PRINTED = 20_000
_TOLD = 500
# A server that is asked for more answers than this at once would be a denial of service.
_SLACK = 1 << 20


class Child:
    """A task's process: a socket to it, a handle to kill it by, what it printed."""

    def __init__(
        self, number: int, pid: int, sock: socket.socket, pidfd: int, printed: int
    ) -> None:
        self.number = number
        self.pid = pid
        self.calls = 0
        self._sock = sock
        self._pidfd = pidfd
        self._printed = printed
        self._largest = _SLACK
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._closing = threading.Lock()

    def ask(self, request: bytes, seconds: float | None, largest: int) -> bytes:
        """Send a request and return the answer.

        Raises SandboxTimeout, after which the child is of no more use and should be closed;
        ConnectionError when it ended; SandboxRefused when it answers more than ``largest`` bytes.
        """
        self.calls += 1
        deadline = None if seconds is None else time.monotonic() + seconds
        # A ticket that only this request knows: what code wrote ahead of it is no answer to it.
        ticket = os.urandom(8)
        request = ticket + request
        self._send(LENGTH.pack(len(request)) + request, deadline)
        data = self._receive(deadline)
        while len(data) < 4:
            data += self._receive(deadline)
        (length,) = LENGTH.unpack_from(data)
        if length > largest + _SLACK:
            raise SandboxRefused(f"the code answered {length} bytes; at most {largest} are taken")
        if len(data) > 4 + length:
            raise SandboxRefused("the code's process answered more than it was asked")
        if len(data) == 4 + length:
            return self._checked(ticket, data[4:])
        parts, have = [data[4:]], len(data) - 4
        while have < length:
            part = self._receive(deadline)
            parts.append(part)
            have += len(part)
        if have > length:
            raise SandboxRefused("the code's process answered more than it was asked")
        return self._checked(ticket, b"".join(parts))

    def _checked(self, ticket: bytes, answer: bytes) -> bytes:
        if answer[:8] != ticket:
            raise SandboxRefused("the code's process answered something that it was not asked")
        return answer[8:]

    def _send(self, data: bytes, deadline: float | None) -> None:
        # Small requests always fit; a child that does not read must not stop us.
        sent = self._sock.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        while sent < len(data):
            poll = select.poll()
            poll.register(self._sock, select.POLLOUT)
            self._wait(poll, deadline)
            with contextlib.suppress(BlockingIOError):
                flags = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
                sent += self._sock.send(data[sent : sent + _SLACK], flags)

    def _receive(self, deadline: float | None) -> bytes:
        self._wait(self._poll, deadline)
        part = self._sock.recv(1 << 18)
        if not part:
            raise ConnectionResetError
        return part

    def _wait(self, poll: Any, deadline: float | None) -> None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        if not poll.poll(left):
            raise SandboxTimeout("the code did not answer in time; its process was killed")

    def printed(self) -> str:
        """Return what the child printed past Python and did not send, for when it crashed."""
        with contextlib.suppress(OSError):
            return os.pread(self._printed, _PRINTED, 0).decode("utf-8", "replace")
        return ""

    def kill(self) -> None:
        """Kill it; safe to call from another thread and twice."""
        with self._closing:
            if self._pidfd >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Kill it and forget it."""
        self.kill()
        self.abandon()

    def abandon(self) -> None:
        """Forget it without killing: it belongs to the program that we were forked from."""
        with self._closing:
            if self._pidfd >= 0:
                channel.close([self._pidfd, self._printed])
                self._pidfd = self._printed = -1
                self._sock.close()


def _last_line(descriptor: int) -> str:
    with contextlib.suppress(OSError):
        return os.read(descriptor, 1 << 16).decode("utf-8", "replace").strip()[-_TOLD:]
    return "it said nothing"


class ForkServer:
    """A fork server in an open sandbox; thread-safe."""

    def __init__(
        self, sandbox: Sandbox, preload: Sequence[str], limits: Limits, *, count: int, keep: bool
    ) -> None:
        self._keeper = keeper = sandbox._open_keeper()
        self._limits = limits
        self._number = 0
        self._exits: dict[int, int] = {}
        self._lock = threading.Lock()
        self._place = keeper.number()
        self.job = keeper.number()
        whole = limits.changed(
            seconds=None,
            disk=limits.disk * count,
            files=limits.files * count,
            processes=limits.processes * count + count + 8,
            cpu_seconds=10_000_000,
        )
        told_place, (root,) = keeper.call(
            "place", place=self._place, disk=whole.disk, files=whole.files
        )
        os.close(root)
        self._control, theirs = channel.pair()
        self.ended: Future[dict[str, Any]] = keeper.expect(self.job)
        policy = sandbox.policy
        argv = [
            view.python_of(policy), "-I", "-c", _START.format(view.inside_root(sandbox.layer)),
        ]  # fmt: skip
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        told, tell = os.pipe2(os.O_CLOEXEC)
        try:
            message = launch_message(self.job, self._place, argv, whole, each=True)
            message["limits"] |= {
                "memory": limits.memory, "processes": limits.processes,
                "disk": limits.disk, "files": limits.files,
                "together": whole.processes,
            }  # fmt: skip
            # What is imported beforehand is not the tasks' memory.
            message["limits"]["data"] = 1 << 40
            keeper.call("launch", [null, null, tell, theirs.fileno()], **message)
            theirs.close()
            os.close(tell)
            tell = -1
            seen = view.build(policy, sandbox.layer, "", {})["binds"]
            channel.send(self._control, {
                "preload": list(preload),
                "read": [target for _, target in seen],
                "landlock": layers.offers().landlock > 0,
                "memory": limits.memory,
                "disk": limits.disk,
                "room": [] if told_place["mounted"] else [limits.disk, limits.files],
                "output": limits.output,
                "largest": limits.artifact,
                "cpu": 0 if keep else max(1, int(limits.cpu_seconds)),
            })  # fmt: skip
            ready, _ = self._hear(_READY_SECONDS)
        except SandboxKilled as error:
            self.close()
            os.set_blocking(told, False)
            raise SandboxKilled(f"{error}: {_last_line(told)}") from None
        except BaseException:
            self.close()
            raise
        finally:
            channel.close([one for one in (null, told, tell) if one >= 0])
            theirs.close()
        if ready["failed"]:
            self.close()
            name, why = next(iter(ready["failed"].items()))
            raise SandboxRefused(
                f"the module {name} cannot be imported in the sandbox ({why}); install it where "
                f"{view.python_of(policy)} finds it, or leave it out of preload"
            )

    def _hear(self, seconds: float) -> tuple[dict[str, Any], list[int]]:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if not poll.poll(seconds * 1000):
            raise SandboxTimeout("the fork server does not answer")
        received = channel.receive(self._control)
        if received is None:
            raise SandboxKilled("the fork server ended before it was ready")
        return received

    def fork(self) -> Child:
        """Return a fresh child; raises SandboxError when the server is gone."""
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            self._number = number = self._number + 1
            try:
                channel.send(self._control, {"fork": number}, [theirs.fileno()])
                while True:
                    message, descriptors = self._hear(_FORK_SECONDS)
                    if message.get("forked") == number and len(descriptors) == 2:
                        return Child(number, message["pid"], ours, *descriptors)
                    channel.close(descriptors)
                    if message.get("failed") == number:
                        raise SandboxError(f"no process can be forked: {message.get('why')}")
                    self._note(message)
            except OSError:
                raise SandboxKilled("the fork server ended") from None

    def exit_code(self, child: Child) -> int | None:
        """Return how a child that ended did so, negative for a signal; None when not known."""
        deadline = time.monotonic() + _ENDED_SECONDS
        # A ValueError: another thread has found the server gone and closed it.
        with self._lock, contextlib.suppress(OSError, SandboxError, ValueError):
            while child.number not in self._exits:
                message, descriptors = self._hear(max(0.0, deadline - time.monotonic()))
                channel.close(descriptors)
                self._note(message)
        return self._exits.pop(child.number, None)

    def why(self, child: Child) -> str:
        """Return why the watch killed a child: memory, threads, disk, or nothing."""
        told = self._keeper.call("why", job=self.job, pid=child.pid)[0]
        return str(told.get("why", ""))

    def _note(self, message: dict[str, Any]) -> None:
        if isinstance(message.get("exited"), int):
            self._exits[message["exited"]] = message.get("code", 0)
            # Nobody asks about children that ended as they should.
            while len(self._exits) > 256:
                del self._exits[next(iter(self._exits))]

    @property
    def running(self) -> bool:
        """Whether the server itself is still there."""
        return not self.ended.done()

    def abandon(self) -> None:
        """Only close our end; the sandbox that it lives in is closed by somebody else."""
        self._control.close()

    def close(self) -> None:
        """End the server and all its children, and remove their files."""
        self._control.close()
        with contextlib.suppress(SandboxError):
            self._keeper.ask("kill", job=self.job, reason="killed")
            self.ended.result(_FORK_SECONDS)
            self._keeper.call("drop", place=self._place)
