"""Nothing is left: no process, file, mount or descriptor, after crashes, closes and kill -9."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.sandbox.conftest import LAYERS, ROOT, need
from tracegraph.sandbox import CodeWorker, Policy, Sandbox, SandboxError


def ours(root: int = 0) -> set[int]:
    """Return the processes that come from this one, or from another."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                stat = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                parents[int(name)] = int(stat[1])
    found: set[int] = set()
    level = {root or os.getpid()}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level}
        found |= level
    return found


def state() -> tuple[set[int], int, set[str], str]:
    """Return our processes, the number of descriptors, our temporary files, the mounts."""
    files = {p.name for p in Path(tempfile.gettempdir()).glob("tracegraph-sandbox-*")}
    mounts = Path("/proc/self/mountinfo").read_text()
    return ours(), len(os.listdir("/proc/self/fd")), files, mounts


CRASH = """
import ctypes, os
def f(n):
    kind = n % 3
    if kind == 0: ctypes.string_at(0)
    if kind == 1: os._exit(1)
    return [bytearray(b"x") * (1 << 26) for _ in range(100)]
"""


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
async def test_a_thousand_crashes_leave_nothing(layer: str) -> None:
    need(layer)
    async with Sandbox(Policy(layer=layer)):
        pass  # What is made once a process is made now.
    before = state()
    policy = Policy(layer=layer)
    limits = policy.limits.changed(memory=64 << 20)
    async with Sandbox(policy) as sandbox, sandbox.workers(count=2, limits=limits) as workers:
        handle = workers.load(CRASH, "f")
        await workers.call(handle, (0,))
        # The threads of the pool are there now.
        during = state()
        answers = await workers.map(handle, [(n,) for n in range(1000)])
        assert {a.status for a in answers} == {"killed", "memory"}
        assert sum(a.status == "memory" for a in answers) == 333
        await asyncio.sleep(0.5)
        after = state()
        assert len(after[0]) <= len(during[0])
        assert after[1] <= during[1] + 2
        assert after[2:] == during[2:]
    assert state() == before


@pytest.mark.parametrize("plain", [False, True], ids=["mounts", "folders"])
@pytest.mark.parametrize("layer", LAYERS)
async def test_runs_leave_nothing(layer: str, plain: bool) -> None:
    need(layer)
    async with Sandbox(Policy(layer=layer)):
        pass
    before = state()
    sandbox = Sandbox(Policy(layer=layer, python=Path("/usr/bin/python3")))
    sandbox._plain = plain
    source = (
        "import os\nos.makedirs('a/b'); open('a/b/c', 'w')\nos.chmod('a', 0)\nos.fork()\nos.abort()"
    )
    async with sandbox:
        for _ in range(3):
            assert (await sandbox.run(source)).status == "killed"
    assert state() == before


HOLDER = """
import asyncio, os, sys, time
from pathlib import Path
from tracegraph.sandbox import CodeWorker, Policy, Sandbox

async def main(layer, plain, marker):
    sandbox = Sandbox(Policy(layer=layer, python=Path("/usr/bin/python3")))
    sandbox._plain = plain
    await sandbox.__aenter__()
    source = "import os, time\\nfor _ in range(2):\\n  if os.fork() == 0:\\n    os.setsid()\\n"
    source += "print('up', flush=True)\\ntime.sleep(100)"
    process = await sandbox.start(["/usr/bin/python3", "-c", source, marker])
    await process.stdout.readline()
    worker = CodeWorker(Policy(layer=layer))
    worker.call(worker.load("def f(): pass", "f"))
    if os.fork() == 0:
        # A copy of us, which holds copies of every socket, lives on.
        time.sleep(8)
        os._exit(0)
    print("ready", flush=True)
    time.sleep(100)

asyncio.run(main(sys.argv[1], sys.argv[2] == "plain", sys.argv[3]))
"""


@pytest.mark.parametrize("plain", ["mounts", "plain"])
@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_survives_when_we_are_killed(layer: str, plain: str) -> None:
    need(layer)
    before = state()[2:]
    marker = f"survivor-{os.getpid()}-{time.monotonic_ns()}"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, layer, plain, marker], cwd=ROOT, stdout=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    # Its copy, which lives on, carries its command line and is no part of the sandbox.
    inside = {pid for pid in ours(holder.pid) if "asyncio.run(main" not in _command(pid)}
    assert len(inside) >= 6
    holder.kill()
    holder.wait()
    deadline = time.monotonic() + 6
    while (left := _left(inside, marker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        assert left == []
        while state()[2:] != before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert state()[2:] == before
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(holder.pid, signal.SIGKILL)
        holder.stdout.close()


def _left(pids: set[int], marker: str) -> list[str]:
    """Return the command lines of those that live, and of all others that carry the marker."""
    marked = {int(path.name) for path in Path("/proc").glob("[0-9]*") if _carries(path, marker)}
    return [line[:300] for pid in pids | marked if (line := _command(pid))]


def _carries(path: Path, marker: str) -> bool:
    line = _command(int(path.name))
    return marker in line and "asyncio.run(main" not in line


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    return ""


def test_a_killed_keeper_takes_everything_along(layer: str) -> None:
    worker = CodeWorker(Policy(layer=layer))
    handle = worker.load("def f(x): return x", "f")
    server = worker._live._server
    assert server is not None
    keeper = server._keeper._process
    keeper.kill()
    keeper.wait()
    deadline = time.monotonic() + 5
    answered = None
    while answered is None and time.monotonic() < deadline:
        with contextlib.suppress(SandboxError):
            answered = worker.call(handle, (5,))
    assert answered == 5
    worker.close()
    assert keeper.pid not in ours()


def test_a_forgotten_worker_ends_itself(layer: str) -> None:
    before = ours()
    worker = CodeWorker(Policy(layer=layer))
    worker.load("def f(): pass", "f")
    assert len(ours()) > len(before)
    del worker
    import gc

    gc.collect()
    deadline = time.monotonic() + 5
    while ours() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ours() <= before


def test_a_program_that_ends_takes_its_worker_along(layer: str) -> None:
    source = (
        "from tracegraph.sandbox import CodeWorker, Policy\n"
        f"worker = CodeWorker(Policy(layer={layer!r}))\n"
        "print(worker.call(worker.load('def f(): return 5', 'f')))"
    )
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", source], cwd=ROOT, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert done.stdout == "5\n"
    assert "Error" not in done.stderr
    assert time.monotonic() - begin < 15
