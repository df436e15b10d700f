"""How many threads and slots the embedded server gets on this machine, now."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sizing:
    """Threads of the server, requests at once, and tokens of context for each."""

    threads: int
    slots: int
    context: int


def choose(model_bytes: int, longest: int = 8192) -> Sizing:
    """Return a sizing for a model of this many bytes.

    llama.cpp's threads wait for each other by spinning: one that shares its core with another
    program stops all of them. So they get one core fewer than there are, and fewer when others
    are at work now. $TRACEGRAPH_LOCAL_THREADS and $TRACEGRAPH_LOCAL_SLOTS overrule.
    """
    usable = cores()
    idle = round(usable * idle_share())
    threads = _from_env("TRACEGRAPH_LOCAL_THREADS") or max(1, min(usable - 1, idle))
    room = available_bytes() - model_bytes - (1 << 30)
    slots, context = 4, longest
    # A token of context costs about 28 kB in a 1.5B model, and more or less as the model is.
    per_token = 28 * 1024 * max(1.0, model_bytes / 1.1e9)
    while slots * context * per_token > room and (slots > 1 or context > 2048):
        if context > 4096 or slots == 1:
            context //= 2
        else:
            slots //= 2
    return Sizing(threads, _from_env("TRACEGRAPH_LOCAL_SLOTS") or slots, context)


def cores() -> int:
    """Return the cores that this process may use, by its affinity and its cgroup's quota."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            count = min(count, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return count


def idle_share(seconds: float = 0.25) -> float:
    """Return the share of all cores' time that was idle, measured over `seconds`."""
    before = _times()
    time.sleep(seconds)
    after = _times()
    if before is None or after is None or after[1] <= before[1]:
        return 1.0
    return (after[0] - before[0]) / (after[1] - before[1])


def available_bytes() -> int:
    """Return the memory that programs may still take; a guess where the system tells nothing."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 8 << 30


def _times() -> tuple[int, int] | None:
    try:
        fields = [int(x) for x in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return None
    return fields[3] + fields[4], sum(fields)


def _from_env(name: str) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdigit() else 0
