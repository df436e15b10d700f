"""What is left of a cell that took too long: processes are killed, threads cannot be."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType

from IPython import get_ipython

_ROUNDS = 50


def sweep() -> None:
    """Kill every other process in the sandbox; raise RuntimeError when threads are left."""
    for _ in range(_ROUNDS):
        try:
            # Everything in this process namespace but this process and the first one.
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            break
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # the dead count until they are collected
                pass
        time.sleep(0.01)
    else:
        raise RuntimeError("processes are left")
    if any(_of_a_cell(frame) for frame in _other_threads()):
        raise RuntimeError("threads are left")


def _other_threads() -> list[FrameType]:
    own = threading.get_ident()
    return [frame for ident, frame in sys._current_frames().items() if ident != own]


def _of_a_cell(frame: FrameType | None) -> bool:
    """Whether a thread is in code of the notebook; those of libraries may wait for work."""
    cells = get_ipython().compile._filename_map
    while frame is not None:
        if frame.f_code.co_filename in cells:
            return True
        frame = frame.f_back
    return False
