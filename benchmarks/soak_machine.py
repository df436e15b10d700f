"""What a soak looks at: memory, processes, open files, and what is left at the end."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Servers of models are shared by all processes, and end by themselves or by command.
_SHARED = ("llama_cpp", "llama-server", "vllm", "tracegraph.models")
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Sample:
    """The machine at one time: memory in MiB, of this process and of all that it started."""

    minute: float
    own_mib: float
    all_mib: float
    processes: int
    threads: int
    files: int
    temporary: int
    counts: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)

    def line(self) -> str:
        """Return it as a line to look on."""
        played = ", ".join(f"{n} {v}" for n, v in sorted(self.counts.items()) if " " not in n)
        return (
            f"{self.minute:5.1f} min: {self.own_mib:.0f} MiB here, {self.all_mib:.0f} in all, "
            f"{self.processes} processes, {self.files} files, {self.threads} threads; {played}"
        )


def sample(minute: float, counts: dict[str, int]) -> Sample:
    """Look at this process and at those that descend from it."""
    below = _descendants(os.getpid())
    own = _resident("self")
    return Sample(
        minute, own, own + sum(_shared_out(pid) for pid in below), len(below),
        len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")),
        len(os.listdir(tempfile.gettempdir())), counts,
    )  # fmt: skip


def own_everything(folder: str) -> None:
    """Keep temporary files in a folder of ours, and become the parent of orphans.

    So what is left at the end is ours, whatever else runs on the machine.
    """
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "orphans cannot be adopted: needs Linux")


def stop_servers() -> None:
    """End the embedded model's servers, as a user would."""
    command = Path(sys.executable).with_name("tracegraph")
    subprocess.run([command, "models", "stop"], check=False, stdout=subprocess.DEVNULL)


def left_over(folder: str) -> list[str]:
    """Name the processes and temporary files that are still there after ten seconds."""
    deadline = time.monotonic() + 10
    while (found := _descendants(os.getpid())) and time.monotonic() < deadline:
        time.sleep(0.2)
    entries = sorted(os.listdir(folder))
    return [*(f"process {_command(pid)[:80]}" for pid in found), *(f"file {e}" for e in entries)]


def _descendants(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue  # it has just ended
        if stat.rpartition(")")[2].split()[0] == "Z":
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(pid)
    found, todo = [], [root]
    while todo:
        children = parents.get(todo.pop(), [])
        wanted = [pid for pid in children if not any(name in _command(pid) for name in _SHARED)]
        found += wanted
        todo += wanted
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def _resident(pid: int | str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _shared_out(pid: int) -> float:
    """Memory in MiB, with what several processes share counted once (the kernel's Pss)."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass  # it has just ended
    return 0.0
