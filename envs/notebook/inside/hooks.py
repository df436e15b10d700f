"""What is hung into the kernel: bounds of a cell, short errors, its report, no stray forks."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import threading
from typing import Any

from inside import display, errors, streams  # type: ignore[import-not-found]


def install(app: Any) -> None:
    """Change a kernel application that is initialized and not yet started."""
    shell = app.shell
    cell = CellHooks(app)
    shell.events.register("pre_run_cell", cell.begin)
    shell.events.register("post_run_cell", cell.finish)
    display.install(shell, cell.gate)
    errors.install(shell)
    builtins.input = _no_input
    app.kernel.raw_input = app.kernel.getpass = _no_input


def _no_input(*_: Any, **__: Any) -> str:
    raise EOFError("nobody is there to type: input() cannot be used here; write the value as code")


class CellHooks:
    """Runs at both ends of a cell.

    Attributes:
        gate: counts what the cell displays.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._pid = os.getpid()
        self._threads: set[int] = set()
        self.gate = display.Gate()

    def begin(self, _info: Any) -> None:
        """Start to count."""
        display.summarise(self._app.shell)
        self._threads = {thread.ident or 0 for thread in threading.enumerate()}
        self.gate.reset()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, streams.BoundedStream):
                stream.begin()

    def finish(self, result: Any) -> None:
        """Send the rest of the output and the report of the cell."""
        if os.getpid() != self._pid:
            os._exit(0)  # a fork that ran to the end of the cell must not serve as a kernel
        interrupted = isinstance(result.error_in_exec, KeyboardInterrupt)
        killed = _kill_others() if interrupted else 0
        left_out = self.gate.left_out
        for stream in (sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr):
            if isinstance(stream, streams.BoundedStream):
                left_out += stream.finish()
        threads = sum(
            thread.is_alive() and (thread.ident or 0) not in self._threads
            for thread in threading.enumerate()
        )
        kernel = self._app.kernel
        content = {
            "left_out": left_out, "threads": threads, "killed": killed,
            "messages": list(self.gate.messages),
        }  # fmt: skip
        kernel.session.send(kernel.iopub_socket, "cell_report", content, parent=kernel.get_parent())


def _kill_others() -> int:
    """Kill every process in the sandbox but this one and its ancestors; return their number."""
    spared = {1, os.getpid()}
    parent = os.getpid()
    while parent > 1:
        parent = _parent(parent)
        spared.add(parent)
    killed = 0
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in spared:
            try:
                os.kill(int(name), signal.SIGKILL)
                killed += 1
            except OSError:
                continue
    return killed


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0
