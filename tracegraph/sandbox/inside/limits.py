"""The limits that the kernel keeps for each process by itself."""

from __future__ import annotations

import contextlib
import resource

# A process that asks for more at once gets MemoryError; the watch bounds the tree.
_SLACK = 192 << 20


def apply(limits: dict[str, int], *, processes: int | None) -> None:
    """Set them for this process and all that it starts.

    ``limits`` has memory and disk (bytes), cpu (seconds), descriptors, perhaps data (bytes);
    ``processes`` counts what the user has in all (None: leave as it is).
    """
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_CPU, limits["cpu"], extra=1)
    _set(resource.RLIMIT_DATA, limits.get("data", limits["memory"] + _SLACK))
    _set(resource.RLIMIT_FSIZE, limits["disk"])
    _set(resource.RLIMIT_NOFILE, limits["descriptors"])
    _set(resource.RLIMIT_MEMLOCK, 1 << 20)
    _set(resource.RLIMIT_MSGQUEUE, 0)
    _set(resource.RLIMIT_RTPRIO, 0)
    _set(resource.RLIMIT_NICE, 0)
    _set(resource.RLIMIT_SIGPENDING, 1024)
    if processes is not None:
        _set(resource.RLIMIT_NPROC, processes)


def _set(kind: int, value: int, *, extra: int = 0) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
        extra = min(extra, hard - value)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value + extra))
