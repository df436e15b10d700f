"""The fork server: a process inside the sandbox that has imported what tasks need.

Asked for a task, it forks in milliseconds; the child (task.py) sheds more rights and then talks
with the program outside over a socket of its own. The server itself runs no task's code.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from typing import Any

from . import channel, kernel
from .places import remove_tree

CONTROL = 3


class Server:
    """Forks, and tells what became of the children."""

    def __init__(self, control: socket.socket, setup: dict[str, Any]) -> None:
        self._control = control
        self._setup = setup
        self._children: dict[int, tuple[int, int, str]] = {}  # pid -> number, pidfd, folder
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Answer until the socket closes."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._control.fileno():
                    received = channel.receive(self._control)
                    if received is None:
                        return
                    self._fork(*received)
            self._reap()

    def _fork(self, message: dict[str, Any], descriptors: list[int]) -> None:
        number = message["fork"]
        output = -1
        try:
            output = _nameless_file()
            pid = os.fork()
        except OSError as error:
            channel.send(self._control, {"failed": number, "why": str(error)})
            channel.close([*descriptors, *([output] if output >= 0 else [])])
            return
        folder = f"{os.getcwd()}/task{pid or os.getpid()}"
        if pid == 0:
            from . import task

            try:
                os.mkdir(folder, 0o700)
                task.main(descriptors[0], output, folder, self._setup)
            except BaseException as error:
                os.write(output, f"{type(error).__name__}: {error}".encode())
            finally:
                os._exit(1)
        pidfd = os.pidfd_open(pid)
        self._children[pid] = (number, pidfd, folder)
        self._poll.register(pidfd, select.POLLIN)
        channel.send(self._control, {"forked": number, "pid": pid}, [pidfd, output])
        channel.close([*descriptors, output])

    def _reap(self) -> None:
        while self._children:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid in self._children:
                    number, pidfd, folder = self._children.pop(pid)
                    self._poll.unregister(pidfd)
                    os.close(pidfd)
                    remove_tree(folder)
                    code = os.waitstatus_to_exitcode(status)
                    channel.send(self._control, {"exited": number, "code": code})
                if pid:
                    continue
            return


def _nameless_file() -> int:
    """Return a file that takes what a task prints; it is gone when nobody has it open."""
    folder = os.environ.get("TMPDIR", "/tmp")
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(folder, flags | os.O_TMPFILE, 0o600)
    except OSError:
        path = f"{folder}/printed-{os.getpid()}-{os.urandom(8).hex()}"
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(path)
        return descriptor


def main() -> None:
    """Import what is wanted, say so, and serve."""
    control = socket.socket(fileno=CONTROL)
    control.set_inheritable(False)
    received = channel.receive(control)
    if received is None:
        return
    setup = received[0]
    # Started from a folder of our own, which is not the tasks' business.
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())]
    failed = {}
    for name in setup["preload"]:
        try:
            __import__(name)
        except BaseException as error:
            failed[name] = f"{type(error).__name__}: {error}"
    from . import bpf, codec, codec_library, landlock, task  # noqa: F401

    # The first call of ctypes in each child would cost it a millisecond.
    kernel.no_new_privileges()
    landlock.version()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open("/proc/self/status") as file:
        lines = [line.split() for line in file if line.startswith("VmData:")]
    # What a task's limit comes on top of.
    setup["data"] = int(lines[0][1]) << 10
    gc.collect()
    # Collections in the children would touch, and so copy, every page.
    gc.freeze()
    channel.send(control, {"ready": os.getpid(), "failed": failed})
    with contextlib.suppress(OSError):
        Server(control, setup).serve()
