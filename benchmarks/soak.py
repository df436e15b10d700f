"""Everything at once for a long time: six agents' episodes and an optimisation; does memory grow?

    python -m benchmarks.soak [--minutes 30] [--model local] [--out DIR]

In one process, one episode of each agent at a time, over and over: Datarus in a notebook, the GUI
agent at a desktop, the modelling agent and the synthesis with solvers, TSPO and Omni-R1 on
videos. Each waits --pause seconds before its next, so that those that ask no model leave the cores
to those that do. Beside it `tracegraph optimize` improves the demo's workflow, begun anew when it
ends.
Every minute: episodes, memory, processes, open files. At the end everything is closed, and what
is still there is counted. `samples.jsonl` in DIR has the numbers, `soak.svg` draws them.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.soak_agents import AGENTS
from benchmarks.soak_machine import Sample, left_over, own_everything, sample, stop_servers
from tracegraph.rollout.pool import rollout
from tracegraph.rollout.work import Work
from tracegraph.runs import Store, run_scope

DEMO = Path(__file__).parent.parent / "cookbook" / "demo"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--model", default="local", help="for what asks a model")
    parser.add_argument("--pause", type=float, default=5, help="seconds between two episodes")
    parser.add_argument("--every", type=float, default=60, help="seconds between two samples")
    parser.add_argument("--agents", nargs="+", choices=sorted(AGENTS), default=sorted(AGENTS))
    parser.add_argument("--out", type=Path, default=Path("runs/soak"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        own_everything(folder)
        samples = asyncio.run(soak(options))
        stop_servers()
        _tell(samples, left_over(folder))
    (options.out / "soak.svg").write_text(_drawn(samples))


async def soak(options: argparse.Namespace) -> list[Sample]:
    """Run all, and return the samples."""
    counts: Counter[str] = Counter()
    samples: list[Sample] = []
    end = time.monotonic() + 60 * options.minutes
    with Store(options.out / "runs.db") as store, run_scope(store, "soak", "soak") as run:
        async with asyncio.TaskGroup() as group:
            for name in options.agents:
                group.create_task(_play(name, options, store, run.id, end, counts))
            group.create_task(_optimise(options, end, counts))
            group.create_task(_watch(options, end, counts, samples))
    return samples


async def _play(
    name: str, options: argparse.Namespace, store: Store, run: str, end: float, counts: Counter[str]
) -> None:
    """One agent's episodes, one after another, from tasks that come again and again."""

    def tell(kind: str, told: dict[str, object]) -> None:
        if kind == "retry":
            counts[f"{name} tried again"] += 1
            print(f"{name} is tried again: {told}", flush=True)

    async with AGENTS[name](options.model) as (episode, tasks):
        for number in itertools.count():
            if time.monotonic() > end:
                return
            work = Work(f"{name}-{number}", tasks[number % len(tasks)], seed=number)
            played = await rollout(
                [work], episode, store=store, run=run, timeout=600, on_event=tell
            )
            counts[name] += 1
            counts[f"{name} {played[0].outcome}"] += 1
            await asyncio.sleep(options.pause)


async def _optimise(options: argparse.Namespace, end: float, counts: Counter[str]) -> None:
    """`tracegraph optimize`, again and again with another seed, as a user would run it."""
    command = str(Path(sys.executable).with_name("tracegraph"))
    for seed in itertools.count():
        left = (end - time.monotonic()) / 60
        if left < 0.5:
            return
        arguments = [
            "optimize", str(DEMO / "triage.py"), "--data", str(DEMO / "messages.jsonl"),
            "--expected", "route", "--model", options.model, "--seed", str(seed),
            "--budget", f"minutes={min(10.0, left):.2f}", "--concurrency", "4",
            "--store", str(options.out / "optimize.db"), "--quiet",
        ]  # fmt: skip
        with (options.out / "optimize.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                command, *arguments, stdout=log, stderr=log
            )
        try:
            counts["optimisations"] += not await process.wait()
            counts["optimisations that failed"] += bool(process.returncode)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                await process.wait()


async def _watch(
    options: argparse.Namespace, end: float, counts: Counter[str], samples: list[Sample]
) -> None:
    started = time.monotonic()
    with (options.out / "samples.jsonl").open("a") as log:
        while time.monotonic() < end:
            await asyncio.sleep(min(options.every, max(0.1, end - time.monotonic())))
            samples.append(sample((time.monotonic() - started) / 60, dict(counts)))
            log.write(json.dumps(samples[-1].to_json()) + "\n")
            log.flush()
            print(samples[-1].line(), flush=True)


def _tell(samples: list[Sample], left: list[str]) -> None:
    last = samples[-1]
    print("| what | number |\n|---|---|")
    for name in sorted(last.counts):
        print(f"| {name} | {last.counts[name]} |")
    steady = samples[len(samples) // 3 :]
    for title, of in _FIGURES.items():
        values = [of(each) for each in steady]
        grows = statistics.linear_regression([each.minute for each in steady], values).slope
        print(f"| {title}, after the first third | {values[0]:.0f} to {values[-1]:.0f}, "
              f"{grows:+.2f} a minute, most {max(values):.0f} |")  # fmt: skip
    print(f"| left behind | {', '.join(left) or 'nothing'} |")


_FIGURES: dict[str, Callable[[Sample], float]] = {
    "memory of this process, MiB": lambda each: each.own_mib,
    "memory of all its processes, MiB": lambda each: each.all_mib,
    "processes": lambda each: each.processes,
    "open files": lambda each: each.files,
    "threads": lambda each: each.threads,
    "entries in the folder for temporary files": lambda each: each.temporary,
}


def _drawn(samples: list[Sample]) -> str:
    """A line for this process and one for all, over the minutes."""
    top = 1.1 * max(each.all_mib for each in samples)
    last = samples[-1].minute or 1.0

    def line(of: Callable[[Sample], float], colour: str) -> str:
        points = " ".join(
            f"{60 + 700 * each.minute / last:.1f},{260 - 230 * of(each) / top:.1f}"
            for each in samples
        )
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'

    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 300" font-family="sans-serif" '
        'font-size="12"><rect width="800" height="300" fill="white"/>'
        f'<text x="4" y="34">{top:.0f} MiB</text><text x="40" y="264">0</text>'
        f'<text x="700" y="290">{last:.0f} minutes</text>'
        '<text x="70" y="20" fill="#1f6feb">this process</text>'
        '<text x="170" y="20" fill="#bc4c00">all processes</text>'
        + line(lambda each: each.own_mib, "#1f6feb")
        + line(lambda each: each.all_mib, "#bc4c00")
        + "</svg>\n"
    )


if __name__ == "__main__":
    main()
