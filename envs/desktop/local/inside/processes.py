"""What processes of the desktop are doing, by /proc."""

from __future__ import annotations

import os

_STATE, _USER, _SYSTEM = 0, 11, 12  # places behind the name in /proc/PID/stat


def ticks(pid: int) -> int | None:
    """Return the processor time of a process, in ticks of 10 ms; None when it is not there."""
    told = _stat(f"/proc/{pid}/stat") if pid > 0 else []
    return int(told[_USER]) + int(told[_SYSTEM]) if told else None


def running(pid: int) -> bool:
    """Return whether a thread of a process runs or waits for a processor, or for a disk."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return False
    return any(
        told[_STATE] in ("R", "D")
        for thread in threads
        if (told := _stat(f"/proc/{pid}/task/{thread}/stat"))
    )


def _stat(path: str) -> list[str]:
    try:
        with open(path) as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []
