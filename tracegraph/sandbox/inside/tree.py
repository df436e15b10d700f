"""A tree of processes as /proc shows it: who is in it, what memory it has, how to end it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import NamedTuple

_TICK = os.sysconf("SC_CLK_TCK")


class Load(NamedTuple):
    """What a tree uses now: its process ids, bytes and threads of each, CPU seconds in all."""

    pids: list[int]
    memory: dict[int, int]
    threads: dict[int, int]
    cpu: float


def children(pid: int) -> list[int]:
    """Return the direct children of a process; none when it is gone."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except FileNotFoundError:
        if os.path.exists(f"/proc/{pid}") and not os.path.exists("/proc/1/task/1/children"):
            return _children_by_scan(pid)
    except (ProcessLookupError, PermissionError):
        pass
    return found


def _children_by_scan(pid: int) -> list[int]:
    # For kernels built without the children file.
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = _stat(int(name))
            if stat and int(stat[1]) == pid:
                found.append(int(name))
    return found


def descendants(pid: int) -> list[int]:
    """Return everything below a process, without itself."""
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for parent in level for child in children(parent)]
        found += level
    return found


def load(pid: int) -> Load:
    """Measure the tree below a process; only its CPU seconds are counted with the others'."""
    pids = descendants(pid)
    memory: dict[int, int] = {}
    threads: dict[int, int] = {}
    cpu = 0.0
    for one in (pid, *pids):
        stat = _stat(one)
        if stat is not None:
            # With what its children used that have ended.
            cpu += sum(map(int, stat[11:15])) / _TICK
            threads[one] = int(stat[17])
        if one != pid:
            memory[one] = _own_memory(one)
    return Load(pids, memory, threads, cpu)


def inner_pid(pid: int) -> int:
    """Return the number that a process has in its own namespace."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"NSpid:"):
                return int(line.split()[-1])
    return pid


def exact_memory(pid: int) -> int | None:
    """Return the bytes of a process with shared pages counted by share; None when not told.

    One that has just ended has none.
    """
    total = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith((b"Pss_Anon:", b"Pss_Shmem:")):
                    total += int(line.split()[1]) << 10
    except PermissionError:
        return None
    except OSError:
        return 0
    return total


def _own_memory(pid: int) -> int:
    total = 0
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith((b"RssAnon:", b"RssShmem:", b"VmSwap:")):
                    total += int(line.split()[1]) << 10
                    if line.startswith(b"VmSwap:"):
                        break
    except OSError:
        return 0
    return total


def _stat(pid: int) -> list[bytes] | None:
    # The fields after the command's name, which may hold anything: state, ppid, ...
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return None


def end_all_below(pid: int, seconds: float) -> bool:
    """Kill everything below a process (usually: us) and reap what is ours; True when all ended."""
    deadline = time.monotonic() + seconds
    while True:
        left = descendants(pid)
        # Stopped processes fork no more; new ones are found in the next round.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for one in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(one, number)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
