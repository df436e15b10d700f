"""Whether a process that was written down still lives."""

from __future__ import annotations

import os
from pathlib import Path


def process_start(pid: int) -> str:
    """Return when a process began, in clock ticks, or '' where the system does not say.

    With it a reused pid is not taken for the process that had it before.
    """
    # Field 22 of /proc/PID/stat, counted after the name, which may hold anything.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def process_alive(pid: int, start: str = "") -> bool:
    """Whether the process lives, and began at `start` if that is known."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        state = ""
    if state == "Z":
        return False  # dead, and not yet waited for
    return start in ("", process_start(pid))
