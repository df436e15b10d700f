"""The sandbox's speed: one-shot starts, warm workers, calls, many small solver programs, crashes.

    python -m benchmarks.sandbox [--quick] [--layer bubblewrap|landlock] [--python PATH]

Wall-clock time, medians. ``--python`` names an interpreter for what runs inside that has numpy,
pandas and highspy; rows whose modules are missing are left out and say so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tracegraph.sandbox import CodeWorker, Policy, Sandbox, SandboxError

# The bounds that the project set itself.
BOUNDS = {
    "one-shot start over a subprocess (ms)": 150.0,
    "warm worker, json (ms)": 30.0,
    "warm worker, numpy and pandas (ms)": 30.0,
    "call in a warm worker (µs)": 100.0,
    "605 solver programs, two workers (s)": 10.0,
}
SOLVER = """
import highspy
def f(n):
    h = highspy.Highs()
    h.silent()
    x = [h.addBinary() for _ in range(12)]
    weights = [(7 * k + n) % 23 + 3 for k in range(12)]
    values = [(11 * k + 3 * n) % 31 + 5 for k in range(12)]
    h.addConstr(sum(w * v for w, v in zip(weights, x)) <= 60)
    h.maximize(sum(w * v for w, v in zip(values, x)))
    return h.getInfo().objective_function_value
"""
CRASH = """
import ctypes, os
def f(n):
    if n % 3 == 0: ctypes.string_at(0)
    if n % 3 == 1: os._exit(1)
    return [bytearray(b"x") * (1 << 26) for _ in range(100)]
"""


def left_over(before: set[str]) -> int:
    """Return how many processes of ours there are now that were not there before."""
    return len(own_processes() - before)


def own_processes() -> set[str]:
    """Return the processes whose command line names the sandbox's own programs."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"from inside import" in path.read_bytes():
                found.add(path.parent.name)
        except OSError:
            pass
    return found


def median_ms(work: Callable[[], Any], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        took.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(took)


async def starts(policy: Policy, rounds: int) -> dict[str, float]:
    """One program after the other, against the same program as a plain subprocess."""
    python = str(policy.python or sys.executable)
    figures = {}
    async with Sandbox(policy) as sandbox:
        ours, plain = [], []
        for _ in range(rounds):
            begin = time.perf_counter()
            assert (await sandbox.run("print(1)")).stdout == "1\n"
            middle = time.perf_counter()
            subprocess.run([python, "-I", "-c", "print(1)"], capture_output=True, check=True)
            ours.append((middle - begin) * 1e3)
            plain.append((time.perf_counter() - middle) * 1e3)
        figures["one-shot run (ms)"] = statistics.median(ours)
        figures["plain subprocess (ms)"] = statistics.median(plain)
        figures["one-shot start over a subprocess (ms)"] = statistics.median(
            a - b for a, b in zip(ours, plain, strict=True)
        )
    begin = time.perf_counter()
    async with Sandbox(policy):
        figures["opening a sandbox (ms)"] = (time.perf_counter() - begin) * 1e3
    return figures


async def warm(policy: Policy, preload: list[str], rounds: int) -> tuple[float, float]:
    """Return the median ms of a fresh worker with its first call, and the seconds of preloading."""
    async with Sandbox(policy) as sandbox:
        begin = time.perf_counter()
        async with sandbox.workers(preload=preload) as workers:
            loaded = time.perf_counter() - begin
            source = "".join(f"import {name}\n" for name in preload) + "def f(): return 1"
            handle = workers.load(source, "f")
            took = []
            for _ in range(rounds):
                answer = await workers.call(handle)
                assert answer.ok, answer
                took.append(answer.seconds * 1e3)
    return statistics.median(took), loaded


def calls(policy: Policy, count: int) -> dict[str, float]:
    """Calls from ordinary code in one warm process."""
    figures = {}
    with CodeWorker(policy) as worker:
        handle = worker.load("def f(x, *, y): return x + y", "f")
        took = []
        for _ in range(count):
            begin = time.perf_counter()
            worker.call(handle, (1,), {"y": 2})
            took.append((time.perf_counter() - begin) * 1e6)
        figures["call in a warm worker (µs)"] = statistics.median(took)
        figures["  the slowest of a hundred (µs)"] = sorted(took)[len(took) * 99 // 100]
        text = worker.load("def f(x): return x", "f")
        value = {"rows": [{"name": "x" * 20, "value": n / 7} for n in range(1000)]}
        figures["call with 1,000 records there and back (ms)"] = median_ms(
            lambda: worker.call(text, (value,)), 20
        )
        hang = worker.load("def f():\n    while True: pass", "f")

        def replaced() -> None:
            try:
                worker.call(hang, seconds=0.01)
            except SandboxError:
                worker.call(handle, (1,), {"y": 2})

        figures["a worker that hung replaced (ms, with 10 ms deadline)"] = median_ms(replaced, 15)
    return figures


async def solvers(policy: Policy, count: int) -> float:
    """Seconds for small integer programs, each in a fresh process."""
    async with (
        Sandbox(policy) as sandbox,
        sandbox.workers(preload=["highspy"], count=2) as workers,
    ):
        handle = workers.load(SOLVER, "f")
        begin = time.perf_counter()
        answers = await workers.map(handle, [(n,) for n in range(count)])
        took = time.perf_counter() - begin
    assert all(answer.ok for answer in answers), next(a for a in answers if not a.ok)
    return took


async def crashes(policy: Policy, count: int) -> dict[str, float]:
    """Crash in three ways, and count what is left."""
    before, descriptors = own_processes(), len(os.listdir("/proc/self/fd"))
    limits = policy.limits.changed(memory=64 << 20)
    begin = time.perf_counter()
    async with Sandbox(policy) as sandbox, sandbox.workers(count=2, limits=limits) as workers:
        handle = workers.load(CRASH, "f")
        answers = await workers.map(handle, [(n,) for n in range(count)])
    took = time.perf_counter() - begin
    assert not any(answer.ok for answer in answers)
    return {
        f"{count:,} crashes (s)": took,
        "  processes left": left_over(before),
        "  descriptors left": len(os.listdir("/proc/self/fd")) - descriptors,
    }


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    parser.add_argument("--layer", default="auto", choices=["auto", "bubblewrap", "landlock"])
    parser.add_argument("--python", type=Path, help="the interpreter inside")
    options = parser.parse_args()
    less = 10 if options.quick else 1
    policy = Policy.load("solver").model_copy(
        update={"layer": options.layer, "python": options.python}
    )

    figures = asyncio.run(starts(policy, 30 // less))
    figures["warm worker, json (ms)"], _ = asyncio.run(warm(policy, ["json"], 100 // less))
    figures |= calls(policy, 10_000 // less)
    notes = []
    try:
        fresh, loaded = asyncio.run(warm(policy, ["numpy", "pandas"], 50 // less))
        figures["warm worker, numpy and pandas (ms)"] = fresh
        figures["  importing them once (s)"] = loaded
    except SandboxError as error:
        notes.append(str(error))
    try:
        took = asyncio.run(solvers(policy, 605 // less))
        figures[f"{605 // less} solver programs, two workers (s)"] = took
    except SandboxError as error:
        notes.append(str(error))
    figures |= asyncio.run(crashes(policy, 1000 // less))

    print(f"{'':58} {'measured':>10} {'bound':>8}")
    for name, value in figures.items():
        bound = BOUNDS.get(name)
        print(f"{name:58} {value:10.1f} {'' if bound is None else f'{bound:8.0f}'}")
    for note in notes:
        print(f"left out: {note}")


if __name__ == "__main__":
    main()
