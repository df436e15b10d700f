"""Heuristics as code: a model rewrites one small function, which runs in the sandbox.

    python -m benchmarks.optimizers heuristics [--trials 40] [--model NAME] [--optimizer optoprime]

The loop around the function runs in the sandbox too, so a whole instance, or all of them, is one
call. The best code is scored again on instances that the search has not seen. Without a model,
``--optimizer numeric`` moves the points of a priority that is drawn through them.
"""

from __future__ import annotations

import argparse
import inspect
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tracegraph as tg
from benchmarks.optimizers import packing, tours
from tracegraph.optimizers import registry
from tracegraph.optimizers.numeric import NumericOptimizer
from tracegraph.sandbox import CodeWorker
from tracegraph.training.search import SearchResult, search_sync

SEARCHED, FRESH = 0, 1  # seeds of the instances
SECONDS = 60.0  # for all instances in one call


@dataclass(frozen=True)
class Heuristic:
    """A function that can be rewritten, and what comes of it on some instances."""

    name: str
    parameter: Any
    about: str
    measure: Callable[[str, int], tuple[float, str]]
    start: str


def in_sandbox(worker: CodeWorker, code: str, *functions: Callable[..., Any]) -> Callable[..., Any]:
    """Return the last of some functions as it runs in the sandbox, with learned code beside it."""
    source = "\n\n".join(
        ["from __future__ import annotations", "import math", *map(plain, functions)]
    )
    handle = worker.load(source, functions[-1].__name__, prelude=code)
    return lambda *args: worker.call(handle, args, seconds=SECONDS)


def plain(function: Callable[..., Any]) -> str:
    """Return the source of a function."""
    return inspect.getsource(function)


def packing_heuristic(worker: CodeWorker) -> Heuristic:
    """Return bin packing, with best fit to begin with."""
    lists = {seed: packing.instances(seed) for seed in (SEARCHED, FRESH)}

    def measure(code: str, seed: int) -> tuple[float, str]:
        run = in_sandbox(worker, code, packing.packed, packing.all_packed)
        results = run(lists[seed], packing.CAPACITY)
        share = packing.excess(lists[seed], results)
        return 100 * share, packing.feedback(share, results)

    about = (
        "Online bin packing: items of size 1 to 100 (mostly 30 to 60) come one by one and go into"
        " the bin with the highest priority; bins hold 100. Use as few bins as possible."
    )
    return Heuristic("packing", packing.priority.parameter, about, measure, "best fit")


def tour_heuristic(worker: CodeWorker) -> Heuristic:
    """Return the construction of tours, with the nearest neighbour to begin with."""
    lists = {seed: tours.instances(seed) for seed in (SEARCHED, FRESH)}
    nearest = sum(tours.toured(lambda d, *rest: -d, p) for p in lists[SEARCHED]) / tours.INSTANCES

    def measure(code: str, seed: int) -> tuple[float, str]:
        lengths = in_sandbox(worker, code, tours.toured, tours.all_toured)(lists[seed])
        mean = sum(lengths) / len(lengths)
        return mean, tours.feedback(mean, lengths, nearest)

    about = "Build short closed tours through 50 random points, node by node."
    return Heuristic("tours", tours.preference.parameter, about, measure, "nearest neighbour")


def searched(heuristic: Heuristic, optimizer: Any, trials: int, seed: int) -> SearchResult:
    """Search for better code on the first instances."""
    name = heuristic.parameter.name
    said: dict[str, str] = {}

    @tg.bundle
    def run(code: str) -> float:
        """Run the code on all instances."""
        number, said[code] = heuristic.measure(code, SEARCHED)
        return round(number, 4)

    def objective(values: Mapping[str, Any]) -> tuple[float, str]:
        return run(heuristic.parameter), said[values[name]]

    return search_sync(
        objective, [heuristic.parameter], optimizer, trials=trials, direction="minimize",
        about=heuristic.about, seed=seed, on_trial=lambda trial: progress(name, trial),
    )  # fmt: skip


def shaped(heuristic: Heuristic, trials: int, seed: int) -> tuple[SearchResult, str]:
    """Search for the best points of a drawn priority; return its code too."""

    def objective(values: Mapping[str, Any]) -> tuple[float, str]:
        return heuristic.measure(packing.shape(dict(values)), SEARCHED)

    found = search_sync(
        objective, packing.shape_parameters(random.Random(seed)), NumericOptimizer(),
        trials=trials, direction="minimize", seed=seed,
        on_trial=lambda trial: progress("shape", trial),
    )  # fmt: skip
    return found, packing.shape(dict(found.values))


def progress(name: str, trial: Any) -> None:
    score = f"{-trial.score:.4f}" if trial.score is not None else trial.problem.splitlines()[0]
    print(f"  {name} {trial.id} {trial.optimizer or 'start'}: {score}", flush=True)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.optimizers heuristics")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--model", help="whom to ask; by default the embedded model")
    parser.add_argument("--optimizer", default="optoprime", help="or numeric: no model")
    parser.add_argument("--only", choices=["packing", "tours"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write trials and codes here")
    options = parser.parse_args(arguments)
    rows, kept = [], []
    with CodeWorker(apart=True) as worker:
        for heuristic in (packing_heuristic(worker), tour_heuristic(worker)):
            if options.only not in (None, heuristic.name):
                continue
            start = time.monotonic()
            if options.optimizer == "numeric":
                if heuristic.name != "packing":
                    continue
                found, code = shaped(heuristic, options.trials, options.seed)
            else:
                optimizer = registry.make(options.optimizer, llm=options.model)
                found = searched(heuristic, optimizer, options.trials, options.seed)
                code = found.values[heuristic.parameter.name]
            before = heuristic.measure(heuristic.parameter.data, FRESH)[0]
            after = heuristic.measure(code, FRESH)[0]
            failed = sum(trial.score is None for trial in found.trials)
            rows.append(
                f"| {heuristic.name} | {heuristic.start} {found.value_of(found.trials[0]):.3f} |"
                f" {options.optimizer} | {len(found.trials)} ({failed} failed) |"
                f" {found.value:.3f} | {before:.3f} | {after:.3f} |"
                f" {sum(p.tokens for p in found.proposals.values()):,} |"
                f" {time.monotonic() - start:.0f} |"
            )
            kept.append({
                "heuristic": heuristic.name, "code": code, "value": found.value, "fresh": after,
                "trials": [
                    {"values": dict(t.values), "value": found.value_of(t), "problem": t.problem}
                    for t in found.trials
                ],
            })  # fmt: skip
            print(code, flush=True)
    print(
        "\n| task | start | optimizer | trials | best | start, fresh | best, fresh | tokens | s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1))
