"""Optimizers on BIG-Bench Hard with the embedded model, all at one budget of tokens.

    python -m benchmarks.optimizers bbh --data DIR [--tasks navigate,…] [--optimizers hybrid,…]

Each run is a whole training with the same splits, seed and budget: baseline, search, tests, and
both ends on 100 locked questions. What an optimizer's own questions take counts like the rest. The
optimizers of a task run side by side, so their seconds say nothing about any one of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.optimizers import bbh_workflow as task
from tracegraph.models import LLM, Budget
from tracegraph.optimizers import make
from tracegraph.runs import Store
from tracegraph.training.data import Splits, shuffled
from tracegraph.training.guides import make_guide
from tracegraph.training.proof import Estimate, Proof
from tracegraph.training.settings import Settings
from tracegraph.training.telling import describe
from tracegraph.training.trainer import Trainer
from tracegraph.training.workflow import Workflow

OPTIMIZERS = ("optoprime", "textgrad", "opro", "pareto", "hybrid", "gepa")
PARAMETERS = (task.instruction, task.demos, task.think)


@dataclass(frozen=True, slots=True)
class Row:
    task: str
    optimizer: str
    proof: Proof | None
    tokens: int
    seconds: float
    accepted: int
    stopped: str


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.optimizers bbh", description=__doc__
    )
    parser.add_argument("--data", required=True, type=Path, help="folder of TASK.json files")
    parser.add_argument("--tasks", default="boolean_expressions,navigate,web_of_lies")
    parser.add_argument("--optimizers", default=",".join(OPTIMIZERS))
    parser.add_argument("--tokens", type=int, default=200_000, help="of each run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where rows are appended as JSON lines")
    given = parser.parse_args(arguments)
    rows = []
    for name in given.tasks.split(","):
        rows += asyncio.run(side_by_side(name, given.optimizers.split(","), given))
    print("\n" + table(rows))


async def side_by_side(name: str, optimizers: list[str], given: argparse.Namespace) -> list[Row]:
    """Run the optimizers on a task at the same time: the server has room for many."""
    task.instruction.update(task.INSTRUCTIONS[name])

    async def one(optimizer: str) -> Row:
        row = await run(name, optimizer, given.data, given.tokens, given.seed)
        print(line(row), flush=True)
        if given.out:
            with given.out.open("a") as file:
                file.write(json.dumps(as_json(row)) + "\n")
        return row

    return await asyncio.gather(*(one(optimizer) for optimizer in optimizers))


async def run(name: str, optimizer: str, data: Path, tokens: int, seed: int) -> Row:
    rows = json.loads((data / f"{name}.json").read_text())["examples"]
    examples = shuffled(task.as_examples(rows), seed)
    splits = Splits(tuple(examples[:70]), tuple(examples[70:150]), tuple(examples[150:250]))
    started = time.monotonic()
    workflow = Workflow(task.workflow, PARAMETERS)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "runs.db") as store:
        budget = Budget(tokens=tokens)
        trainer = Trainer(
            workflow, splits, make_guide(task.guide), make(optimizer, llm=_llm()),
            store=store, budget=budget, on_event=_tell(name, optimizer),
            settings=Settings(
                steps=20, patience=20, probe=48, minibatch=12, seed=seed, concurrency=32
            ),
        )  # fmt: skip
        result = await trainer.train()
    seconds = time.monotonic() - started
    return Row(
        name, optimizer, result.proof, result.spent.tokens, seconds, result.accepted, result.stopped
    )


def _llm() -> LLM:
    return LLM("local")


def _tell(name: str, optimizer: str) -> Any:
    def tell(kind: str, told: dict[str, Any]) -> None:
        if said := describe(kind, told):
            print(f"{name} {optimizer}: {said.strip()}", file=sys.stderr, flush=True)

    return tell


def line(row: Row) -> str:
    if row.proof is None:
        return f"{row.task} {row.optimizer}: nothing was proven ({row.stopped})"
    return (
        f"{row.task} {row.optimizer}: {row.proof.before.mean:.2f} -> {row.proof.after} "
        f"in {row.seconds:.0f} s, {row.tokens:,} tokens"
    )


def as_json(row: Row) -> dict[str, Any]:
    return {
        "task": row.task, "optimizer": row.optimizer, "tokens": row.tokens,
        "seconds": row.seconds, "accepted": row.accepted,
        "proof": None if row.proof is None else row.proof.to_json(),
    }  # fmt: skip


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| task | optimizer | seed | result (95 %) | difference (95 %) | accepted | tokens |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row.proof is not None:
            change: Estimate = row.proof.difference
            lines.append(
                f"| {row.task} | {row.optimizer} | {row.proof.before.mean:.2f} | {row.proof.after} "
                f"| {change.mean:+.3f} ({change.low:+.3f} to {change.high:+.3f}) "
                f"| {row.accepted} | {row.tokens:,} |"
            )
    return "\n".join(lines)
