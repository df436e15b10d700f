"""Control groups (version 2): hard limits on a job's memory and number of processes.

Where the memory and pids controllers cannot be had, the watch in job.py counts the tree instead.
"""

from __future__ import annotations

import contextlib
import os
import time

_CONTROLLERS = ("memory", "pids")
_NAME = "tracegraph"


class Group:
    """One job's group."""

    def __init__(self, path: str) -> None:
        self.path = path

    def join(self) -> None:
        """Move this process into the group."""
        with open(f"{self.path}/cgroup.procs", "w") as file:
            file.write("0")

    def kill(self) -> None:
        """Kill every process in the group."""
        with contextlib.suppress(OSError), open(f"{self.path}/cgroup.kill", "w") as file:
            file.write("1")

    def peak(self) -> int:
        """Return the most memory that it had, in bytes; 0 when the kernel does not tell."""
        try:
            with open(f"{self.path}/memory.peak") as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    def out_of_memory(self) -> bool:
        """Tell whether the kernel killed something in it for want of memory."""
        with contextlib.suppress(OSError), open(f"{self.path}/memory.events") as file:
            return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in file)
        return False

    def close(self) -> None:
        """Remove the group; what is left in it is killed."""
        for _ in range(50):
            try:
                os.rmdir(self.path)
            except FileNotFoundError:
                return
            except OSError:
                self.kill()
                time.sleep(0.002)
            else:
                return


class Groups:
    """Makes groups below one of the keeper's own, when that is allowed here."""

    def __init__(self) -> None:
        self._base = ""
        self._why = "there is no control group of version 2"
        try:
            self._base = self._prepare()
        except OSError as error:
            self._why = f"no group can be made: {error.strerror}"

    def describe(self) -> str:
        """Return an empty text when groups are used, else why not."""
        return "" if self._base else self._why

    def _prepare(self) -> str:
        parent = _own_group()
        if not parent:
            return ""
        with open(f"{parent}/cgroup.controllers") as file:
            offered = file.read().split()
        missing = [one for one in _CONTROLLERS if one not in offered]
        if missing:
            self._why = f"the controllers {' and '.join(missing)} are not offered to version 2"
            return ""
        base = f"{parent}/{_NAME}-{os.getpid()}"
        os.mkdir(base)
        try:
            for folder in (parent, base):
                with open(f"{folder}/cgroup.subtree_control", "w") as file:
                    file.write(" ".join(f"+{one}" for one in _CONTROLLERS))
        except OSError:
            # Controllers cannot be handed down from a group that has processes of its own.
            os.rmdir(base)
            raise
        return base

    def make(self, number: int, limits: dict[str, int], *, each: bool) -> Group | None:
        """Make a job's group with its limits; None where there are no groups.

        With ``each``, memory is limited for each process by the watch, not in sum.
        """
        if not self._base:
            return None
        group = Group(f"{self._base}/{number}")
        try:
            os.mkdir(group.path)
            values = {"pids.max": limits.get("together", limits["processes"]) + 4}
            if not each:
                values |= {"memory.max": limits["memory"], "memory.swap.max": 0}
                values["memory.oom.group"] = 1
            for name, value in values.items():
                path = f"{group.path}/{name}"
                with contextlib.suppress(FileNotFoundError), open(path, "w") as file:
                    file.write(str(value))
        except OSError:
            group.close()
            return None
        return group

    def close(self) -> None:
        """Remove the keeper's own group."""
        if self._base:
            with contextlib.suppress(OSError):
                os.rmdir(self._base)


def _own_group() -> str:
    """Return the folder of this process's group of version 2, or an empty text."""
    mounted = own = ""
    with contextlib.suppress(OSError), open("/proc/self/mountinfo") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            if right.startswith("cgroup2 "):
                mounted = left.split()[4]
    with contextlib.suppress(OSError), open("/proc/self/cgroup") as file:
        for line in file:
            if line.startswith("0::"):
                own = line[3:].strip()
    return mounted + own.rstrip("/") if mounted and own else ""
