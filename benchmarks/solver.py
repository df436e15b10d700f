"""The solver environment's speed and proofs, on problems that are given as files.

    python -m benchmarks.solver replay --data DIR        # 605 programs, against plain processes
    python -m benchmarks.solver certificates --data FILE # exact proofs of annotated programs

DIR holds NL4OPT's structured test.jsonl and dev.jsonl.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tracegraph.envs.solver import Element, Form, SolverPool, SolverRun, SolverTask, certify, load
from tracegraph.envs.solver.build import model_of
from tracegraph.envs.solver.certify import resolve
from tracegraph.envs.solver.nl4opt import whole

COUNT = 605
_HEAD = "from pyscipopt import Model\nmodel = Model()\nmodel.hideOutput()\n"
_TAIL = """model.optimize()
print(model.getStatus())
if model.getStatus() == "optimal":
    print(f"{model.getObjVal():.6f}")
"""


def linear(form: Form) -> str:
    """Return a modelling program for a linear model."""
    lines = [
        f"x{n} = model.addVar('x{n}', vtype='{'I' if column.integer else 'C'}')"
        for n, column in enumerate(form.columns)
    ]
    for row in form.rows:
        terms = " + ".join(f"{value!r} * x{n}" for n, value in row.linear.items()) or "0 * x0"
        side = f"<= {row.upper!r}" if row.lower is None else f">= {row.lower!r}"
        lines.append(f"model.addCons({terms} {side})")
    terms = " + ".join(f"{value!r} * x{n}" for n, value in form.linear.items()) or "0 * x0"
    lines.append(f"model.setObjective({terms}, '{form.sense}')")
    return _HEAD + "\n".join(lines) + "\n" + _TAIL


def nonlinear(seed: int) -> str:
    """Return a small program with products of whole variables, always solvable."""
    draw = random.Random(seed)
    a, b, c = (draw.randint(2, 9) for _ in range(3))
    return (
        _HEAD + f"x = model.addVar('x', vtype='I', ub={draw.randint(5, 20)})\n"
        f"y = model.addVar('y', vtype='I', ub={draw.randint(5, 20)})\n"
        "obj = model.addVar('obj', lb=None)\n"
        f"model.addCons(obj == {a} * x * y - {b} * x * x - {c} * y)\n"
        f"model.addCons(x * y <= {draw.randint(20, 90)})\n"
        f"model.addCons({a} * x + {b} * y <= {draw.randint(40, 120)})\n"
        "model.setObjective(obj, 'maximize')\n" + _TAIL
    )


def programs(tasks: list[SolverTask], count: int) -> list[str]:
    """Return programs: each annotated problem as a whole-number one, then nonlinear ones."""
    codes = [linear(whole(task.form)) for task in tasks if task.form is not None]
    return (codes + [nonlinear(seed) for seed in range(max(0, count - len(codes)))])[:count]


async def replay(codes: list[str], workers: int = 2) -> tuple[float, list[SolverRun]]:
    """Return the seconds that the programs take side by side, and their runs."""
    async with SolverPool(workers) as pool:
        begin = time.perf_counter()
        runs = await pool.run_many(codes)
        return time.perf_counter() - begin, runs


def plain(code: str) -> str:
    """Return what a program prints in a process of its own, without a sandbox; our own text."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    ).stdout


async def certificates(tasks: list[SolverTask]) -> tuple[Counter[str], list[str]]:
    """Return how the linear programs of annotated problems end and are proved; what is open."""
    counts: Counter[str] = Counter()
    open_: list[str] = []

    async def one(task: SolverTask, pool: SolverPool) -> None:
        assert task.form is not None
        names = [Element(name) for name in task.form.names]
        rows = [Element(f"c{n}") for n in range(len(task.form.rows))]
        model = model_of(task.form, names, rows)
        told = (await resolve(model, task.form, pool, ["highs"]))["highs"]
        run = SolverRun(told["status"], told.get("objective"), model=model)
        proof = await certify(run, pool)
        counts[f"{run.status}: {proof.kind if proof.ok else 'not proved'}"] += 1
        if not proof.ok:
            open_.append(f"{task.id}: {run.status}, {proof.text}")

    async with SolverPool(2) as pool:
        await asyncio.gather(*(one(task, pool) for task in tasks))
    return counts, open_


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["replay", "certificates"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sample", type=int, default=30, help="programs also run plainly")
    options = parser.parse_args()
    files = sorted(options.data.glob("*.jsonl")) if options.data.is_dir() else [options.data]
    tasks = [task for file in files for task in load(file)]
    begin = time.perf_counter()
    if options.what == "certificates":
        counts, unproved = asyncio.run(certificates(tasks))
        for what, count in counts.most_common():
            print(f"{count:4} {what}")
        print(*unproved, sep="\n")
        print(f"{len(tasks)} linear programs in {time.perf_counter() - begin:.1f} s")
        return
    codes = programs(tasks, COUNT)
    took, runs = asyncio.run(replay(codes))
    print(f"{len(codes)} programs, two workers: {took:.1f} s (bound: 15 s on two idle cores)")
    print(Counter(f"{run.status}{' with model' if run.model else ''}" for run in runs))
    chosen = random.Random(0).sample(range(len(codes)), min(options.sample, len(codes)))
    begin = time.perf_counter()
    different = [n for n in chosen if plain(codes[n]) != runs[n].stdout]
    each = (time.perf_counter() - begin) / max(1, len(chosen))
    print(f"{len(chosen)} of them as plain processes: {each * len(codes):.0f} s for all; "
          f"{len(different)} differ")  # fmt: skip


if __name__ == "__main__":
    main()
