"""Warm workers: fresh processes, statuses, tasks that cannot stop or reach each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.sandbox.conftest import LAYERS, need
from tests.sandbox.test_code import VILLAIN
from tracegraph.sandbox import Limits, Policy, Sandbox, SandboxRefused, Workers

LIMITS = Limits(
    seconds=3, memory=128 << 20, output=100_000, disk=4 << 20, files=100, artifact=1 << 20
)


@pytest.fixture(params=LAYERS)
async def workers(request: pytest.FixtureRequest) -> AsyncIterator[Workers]:
    need(request.param)
    async with (
        Sandbox(Policy(layer=request.param, limits=LIMITS)) as sandbox,
        sandbox.workers(preload=["json"], count=2) as made,
    ):
        yield made


async def test_each_task_gets_a_fresh_process(workers: Workers) -> None:
    handle = workers.load(
        "import os\nseen = []\ndef f(x):\n    seen.append(x); return seen, os.getpid()", "f"
    )
    answers = await workers.map(handle, [(n,) for n in range(6)])
    assert [a.value[0] for a in answers] == [[n] for n in range(6)]
    assert len({a.value[1] for a in answers}) == 6


async def test_kept_workers_serve_many_tasks() -> None:
    async with Sandbox("code") as sandbox, sandbox.workers(count=1, keep=True) as workers:
        handle = workers.load("import os\ndef f(): return os.getpid()", "f")
        pids = {(await workers.call(handle)).value for _ in range(5)}
        assert len(pids) == 1


async def test_preloaded_modules_are_there_and_missing_ones_are_named() -> None:
    async with Sandbox("solver") as sandbox:
        async with sandbox.workers(preload=["numpy"]) as workers:
            source = "import sys\nhad = 'numpy' in sys.modules\ndef f(a): return had, a.sum()"
            import numpy as np

            answer = await workers.call(workers.load(source, "f"), (np.arange(5),))
            assert answer.value == (True, 10)
        with pytest.raises(SandboxRefused, match=r"no_such_module.*preload"):
            async with sandbox.workers(preload=["no_such_module"]):
                pass


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("hang", "timeout"), ("loop", "timeout"), ("segfault", "killed"), ("exit", "killed"),
        ("memory", "memory"), ("many", "memory"), ("flood", "output"), ("object", "refused"),
        ("sys.exit", "error"), ("fine", "ok"),
    ],
)  # fmt: skip
async def test_each_end_has_its_status(workers: Workers, what: str, status: str) -> None:
    answer = await workers.call(workers.load(VILLAIN, "f"), (what,), seconds=0.7)
    assert answer.status == status, answer.error


async def test_a_full_disk_has_its_status(workers: Workers) -> None:
    source = "def f():\n    with open('x', 'wb') as f: f.write(bytes(9 << 20))"
    assert (await workers.call(workers.load(source, "f"))).status == "disk"
    # The next task has the room again.
    assert (await workers.call(workers.load("def f(): open('x', 'w').write('y')", "f"))).ok


async def test_cpu_time_is_limited() -> None:
    limits = LIMITS.changed(seconds=20, cpu_seconds=1)
    async with Sandbox(Policy(limits=limits)) as sandbox, sandbox.workers() as workers:
        answer = await workers.call(workers.load(VILLAIN, "f"), ("loop",))
        assert answer.status == "timeout"
        assert answer.seconds < 10


async def test_bad_tasks_do_not_disturb_good_ones(workers: Workers) -> None:
    handle = workers.load(VILLAIN, "f")
    deeds = [
        "fine",
        "segfault",
        "fine",
        "exit",
        "memory",
        "fine",
        "hang",
        "fine",
        "garbage",
        "fine",
    ]
    answers = await asyncio.gather(*(workers.call(handle, (w,), seconds=1) for w in deeds))
    assert [a.ok for a in answers] == [w == "fine" for w in deeds]


async def test_tasks_cannot_reach_each_other(workers: Workers) -> None:
    victim = workers.load(
        "import os, time\nplanted = 'planted' + str(os.getpid())\n"
        "def f():\n    open('own.txt', 'w').write('own')\n    time.sleep(1.5)\n"
        "    return planted, open('own.txt').read(), os.listdir('.')",
        "f",
    )
    attacker = workers.load(
        """
import ctypes, glob, os, signal
def f():
    done = []
    me = os.getpid()
    for pid in range(1, 400):
        if pid == me: continue
        try:
            os.kill(pid, signal.SIGKILL); done.append(("killed", pid))
        except OSError: pass
        for name in ("mem", "maps", "environ"):
            try:
                open(f"/proc/{pid}/{name}", "rb").read(10); done.append((name, pid))
            except OSError: pass
    parent = os.path.dirname(os.getcwd())
    for path in glob.glob(parent + "/*/*") + [f"{parent}/task{n}/own.txt" for n in range(400)]:
        if os.path.dirname(path) == os.getcwd(): continue
        try:
            open(path).read(); done.append(("read", path))
        except OSError: pass
    for number in range(4, 64):
        try:
            os.fstat(number); done.append(("fd", number))
        except OSError: pass
    return done
""",
        "f",
    )
    task = asyncio.create_task(workers.call(victim))
    await asyncio.sleep(0.5)
    attack = await workers.call(attacker)
    answer = await task
    assert attack.ok, attack.error
    found = [one for one in attack.value if one[0] in ("killed", "read", "fd", "mem")]
    assert found == []
    assert answer.ok
    assert answer.value[1:] == ("own", ["own.txt"])


async def test_that_attack_succeeds_between_ordinary_processes() -> None:
    """The control of the test above: two programs of one user, without the tasks' locks."""
    import subprocess
    import sys

    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"]) as victim:
        try:
            source = (
                f"open('/proc/{victim.pid}/maps').read(10); import os; os.kill({victim.pid}, 9)"
            )
            subprocess.run([sys.executable, "-c", source], check=True)
            assert victim.wait(5) == -9
        finally:
            victim.kill()


async def test_a_cancelled_call_is_killed_and_the_pool_goes_on(workers: Workers) -> None:
    handle = workers.load(VILLAIN, "f")
    begin = time.monotonic()
    tasks = [asyncio.create_task(workers.call(handle, ("hang",), seconds=30)) for _ in range(2)]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (await workers.call(handle, ("fine",))).ok
    assert time.monotonic() - begin < 10


async def test_a_server_that_dies_is_replaced(workers: Workers) -> None:
    handle = workers.load("def f(x): return x", "f")
    assert (await workers.call(handle, (1,))).ok
    server = workers._server
    assert server is not None
    server._keeper.call("kill", job=server.job, reason="killed")
    server.ended.result(10)
    assert (await workers.call(handle, (2,))).value == 2
