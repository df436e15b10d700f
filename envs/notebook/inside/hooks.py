"""What is hung into the kernel: bounds of a cell, short errors, its report, no stray forks."""

from __future__ import annotations

import builtins
import json
import os
import sys
import warnings
from typing import Any

from inside import display, errors  # type: ignore[import-not-found]

_ERROR = 4000  # characters of what an error says


def install(app: Any) -> None:
    """Change a kernel application that is initialized and not yet started."""
    shell = app.shell
    cell = CellHooks(app)
    shell.events.register("pre_run_cell", cell.begin)
    shell.events.register("post_run_cell", cell.finish)
    display.install(shell, cell.gate)
    errors.install(shell, cell.restore)
    builtins.input = _no_input
    app.kernel.raw_input = app.kernel.getpass = _no_input
    app.session.pack = _packer(app.session.pack)
    warnings.filterwarnings("ignore", message="To exit: use")
    # Forks of a cell yield to the kernel, and to what watches them.
    os.register_at_fork(after_in_child=lambda: os.nice(10))


def _no_input(*_: Any, **__: Any) -> str:
    raise EOFError("nobody is there to type: input() cannot be used here; write the value as code")


def _packer(pack: Any) -> Any:
    """Half a surrogate pair must not keep a message from being sent, nor a long error.

    The reply to a cell repeats what its error says; one over the size that the other side takes
    would end the connection.
    """

    def packed(message: Any) -> bytes:
        if isinstance(message, dict) and isinstance(message.get("evalue"), str):
            message = {**message, "evalue": message["evalue"][:_ERROR]}
        try:
            made: bytes = pack(message)
        except UnicodeError:
            made = json.dumps(message, default=str).encode("ascii")
        return made

    return packed


class CellHooks:
    """Runs at both ends of a cell.

    Attributes:
        gate: counts what the cell displays.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._pid = os.getpid()
        self._streams = (sys.stdout, sys.stderr)
        self.gate = display.Gate()

    def restore(self) -> None:
        """Put the streams back in place: without them no error could be told."""
        sys.stdout, sys.stderr = self._streams

    def begin(self, _info: Any) -> None:
        """Start to count."""
        self.restore()
        display.summarise(self._app.shell)
        self.gate.reset()
        for stream in self._streams:
            stream.begin()  # type: ignore[union-attr]

    def finish(self, _result: Any) -> None:
        """Send the rest of the output and the report of the cell."""
        if os.getpid() != self._pid:
            os._exit(0)  # a fork that ran to the end of the cell must not serve as a kernel
        self.restore()
        for stream in self._streams:
            stream.finish()  # type: ignore[union-attr]
        kernel = self._app.kernel
        kernel.session.send(
            kernel.iopub_socket,
            "cell_report",
            {"messages": list(self.gate.messages)},
            parent=kernel.get_parent(),
        )
