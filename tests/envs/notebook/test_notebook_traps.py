"""Cells that want to break out of their bounds: each ends, and the episode goes on."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from benchmarks import notebook as bench
from tracegraph.envs.notebook import Cell, CellOutput, KernelPool, NotebookEnv, NotebookTask
from tracegraph.envs.notebook.inside.main import threads
from tracegraph.sandbox import Policy

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def env() -> AsyncIterator[NotebookEnv]:
    """One environment for all: whatever a test did to it, the next one must find it working."""
    async with KernelPool(1, preload=()) as pool:
        env = NotebookEnv(pool, cell_seconds=2)
        await env.reset(NotebookTask("traps", "?"))
        yield env
        await env.close()


async def run(env: NotebookEnv, kind: str) -> CellOutput:
    code = bench.TRAPS.get(kind, kind).format(n=3)
    return (await env.step(Cell(code))).observation


async def test_deadlines_interrupt_first_and_keep_the_variables(env: NotebookEnv) -> None:
    await run(env, "x = 5")
    begin = time.perf_counter()
    looped = await run(env, "loop")
    assert (looped.status, looped.restarted) == ("timeout", False)
    assert time.perf_counter() - begin < 10
    assert "line 1" in looped.text
    assert (await run(env, "x")).text == "5"


async def test_what_ignores_the_interrupt_is_killed(env: NotebookEnv) -> None:
    await run(env, "x = 5")
    deaf = await run(env, "deaf")
    assert (deaf.status, deaf.restarted) == ("timeout", True)
    assert "was killed" in deaf.text
    assert (await run(env, "x")).text == "5"


async def test_children_and_threads_of_a_cell_that_took_too_long_are_gone(env: NotebookEnv) -> None:
    count = "import os\nlen([p for p in os.listdir('/proc') if p.isdigit()])"
    before = int((await run(env, count)).text)
    late = await run(
        env,
        "import subprocess\nfor _ in range(5): subprocess.Popen(['sleep', '99'])\nwhile True: pass",
    )
    assert not late.restarted
    assert int((await run(env, count)).text) == before
    threads = await run(env, "thread_and_loop")
    assert threads.restarted
    assert (
        await run(env, "import threading\n[t for t in threading.enumerate() if 'spin' in t.name]")
    ).text == "[]"


async def test_no_output_is_lost_silently(env: NotebookEnv) -> None:
    flood = await run(env, "for i in range(20_000): print(i)")
    assert len(flood.text) <= 10_000
    assert flood.text.startswith("0\n1\n")
    assert flood.text.endswith("19999")
    left_out = sum(
        int(n.replace(",", "")) for n in re.findall(r"… ([\d,]+) characters", flood.text)
    )
    everything = sum(len(f"{i}\n") for i in range(20_000))
    assert everything - 10_000 <= left_out < everything
    child = await run(env, "import os\nstatus = os.system('seq 1 40000; echo last >&2')")
    assert "40000" in child.text
    assert "last" in child.text
    shown = await run(env, "display_flood")
    assert "4,976 further displays were left out" in shown.text
    result = await run(env, "big_result")
    assert "characters left out" in result.text
    error = await run(env, "raise ValueError('m' * 10**7)")
    assert len(error.text) < 3000


async def test_nobody_is_asked(env: NotebookEnv) -> None:
    asked = await run(env, "input")
    assert asked.error.startswith("EOFError: nobody is there to type")
    assert asked.seconds < 2
    assert (await run(env, "read_stdin")).text == "''"
    assert (await run(env, "import getpass\ngetpass.getpass()")).status == "error"


@pytest.mark.parametrize("kind", ["segfault", "close_everything", "stop"])
async def test_a_dead_kernel_is_replaced(env: NotebookEnv, kind: str) -> None:
    ended = await run(env, kind)
    assert ended.status in ("died", "timeout")
    assert ended.restarted
    assert (await run(env, "6 * 7")).text == "42"


async def test_one_request_for_too_much_memory_is_an_error(env: NotebookEnv) -> None:
    assert "MemoryError" in (await run(env, "memory")).error
    assert (await run(env, "6 * 7")).text == "42"


async def test_memory_over_the_limit_is_told_and_the_episode_goes_on() -> None:
    policy = Policy.load("notebook")
    low = policy.model_copy(update={"limits": policy.limits.changed(memory=400 << 20)})
    async with KernelPool(1, preload=(), policy=low) as pool:
        env = NotebookEnv(pool, cell_seconds=30)
        await env.reset(NotebookTask("hungry", "?"))
        await run(env, "x = 5")
        at_once = await run(env, "bytearray(4 << 30)")
        assert (at_once.status, at_once.restarted) == ("error", False)
        assert "MemoryError" in at_once.text
        # The allocation that fails and the watch over all processes race: either tells it.
        slowly = await run(env, "b = []\nwhile True: b.append(bytearray(b'1') * (8 << 20))")
        assert slowly.error in ("MemoryError", "KernelDied: it used more memory than it may")
        assert slowly.status == ("error" if slowly.error == "MemoryError" else "died")
        await run(env, "b = None")
        # None of these has too much by itself.
        ended = await run(
            env,
            "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n"
            "        much = bytearray(b'1') * (200 << 20); time.sleep(60)\ntime.sleep(60)",
        )
        assert (ended.status, ended.restarted) == ("died", True)
        assert ended.error == "KernelDied: it used more memory than it may"
        assert "it used more memory than it may" in ended.text
        assert (await run(env, "x")).text == "5"
        await env.close()


async def test_a_fork_bomb_leaves_nothing(env: NotebookEnv) -> None:
    await run(env, "x = 5")
    count = "import os\nlen([p for p in os.listdir('/proc') if p.isdigit()])"
    before = int((await run(env, count)).text)
    bomb = await run(env, "import os\nwhile True: os.fork()")
    assert bomb.status in ("error", "timeout")
    if bomb.status == "error":
        assert "too many processes" in bomb.text
    assert int((await run(env, count)).text) == before
    assert (await run(env, "x")).text == "5"


async def test_many_threads_fit_in() -> None:
    async with KernelPool(1, preload=()) as pool:
        env = NotebookEnv(pool, cell_seconds=60)  # a busy machine is slow to start them
        await env.reset(NotebookTask("threads", "?"))
        many = await run(
            env,
            "import threading, time\n"
            "them = [threading.Thread(target=time.sleep, args=(0.5,)) for _ in range(64)]\n"
            "for one in them: one.start()\nfor one in them: one.join()\nprint('joined')",
        )
        await env.close()
    assert many.text.strip() == "joined"


async def test_libraries_have_a_bound_on_threads_only_where_there_are_many_cores() -> None:
    assert threads(16) == {}
    assert threads(64)["OPENBLAS_NUM_THREADS"] == "16"


async def test_broken_streams_and_forks_do_not_stop_the_telling(env: NotebookEnv) -> None:
    await run(env, "break_stdout")
    assert "IndexError" in (await run(env, "[][1]")).text
    assert (await run(env, "surrogate")).text == "? and red"
    forked = await run(env, "fork")
    after = await run(env, "import time\ntime.sleep(0.5)")
    assert (forked.text + after.text).count("both") == 2
    assert (await run(env, "6 * 7")).text == "42"


async def test_random_cells_are_all_answered_and_leave_nothing() -> None:
    wrong, _ = await bench.stress(25, seed=7, seconds=1.0, preload=())
    assert wrong == []


async def test_a_cancelled_step_gets_another_kernel(env: NotebookEnv) -> None:
    await run(env, "x = 5")
    step = asyncio.create_task(env.step(Cell("while True: pass")))
    await asyncio.sleep(0.3)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    after = await run(env, "x")
    assert after.restarted
    assert after.text.startswith("5")
