"""Numeric and mixed spaces, without a model: how far from the best after some trials.

    python -m benchmarks.optimizers numeric [--seeds 20] [--trials 100] [--only Branin,Ackley-6]

Each seed has another first point. "Optuna TPE" is Optuna's sampler in its own loop, with its
defaults and the same first point; it is told of conditions in the code, as is usual there.
Hybrid has no row: where there is no text to write it proposes what numeric does, which
tests/benchmarks checks.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

from benchmarks.optimizers.spaces import TASKS, Task
from benchmarks.optimizers.table import quartiles
from tracegraph.graph.constraints import Choices, Range
from tracegraph.optimizers.numeric import NumericOptimizer
from tracegraph.optimizers.optimizer import Optimizer
from tracegraph.training.search import search_sync

EARLY = 25  # trials after which regret is looked at too


def searched(make: Callable[[Task], Optimizer]) -> Callable[[Task, int, int], list[float]]:
    """Return a function of (task, trials, seed): the true regret of the best one after each."""

    def run(task: Task, trials: int, seed: int) -> list[float]:
        rng = random.Random(seed)
        parameters = task.parameters(rng)
        found = search_sync(
            lambda v: task.regret(v) + rng.gauss(0, task.noise), parameters, make(task),
            trials=trials, direction="minimize", seed=seed,
        )  # fmt: skip
        return following([(found.value_of(t), task.regret(t.values)) for t in found.trials])

    return run


def optuna_itself(task: Task, trials: int, seed: int) -> list[float]:
    """Return the same for Optuna's own TPE."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    rng = random.Random(seed)
    parameters = {p.name: p for p in task.parameters(rng)}

    def suggested(trial: Any, name: str) -> Any:
        parameter = parameters[name]
        options = [c for c in parameter.constraints if isinstance(c, Choices)]
        if options or parameter.kind == "bool":
            return trial.suggest_categorical(name, options[0].values if options else (False, True))
        [bounds] = [c for c in parameter.constraints if isinstance(c, Range)]
        suggest = trial.suggest_int if parameter.kind == "int" else trial.suggest_float
        return suggest(name, bounds.low, bounds.high, log=bounds.log)

    seen = []

    def objective(trial: Any) -> float:
        values: dict[str, Any] = {}
        for name, parameter in parameters.items():
            wanted = task.when.get(name, {})
            met = all(values[other] == value for other, value in wanted.items())
            values[name] = suggested(trial, name) if met else parameter.data
        regret = task.regret(values)
        seen.append((regret + rng.gauss(0, task.noise), regret))
        return seen[-1][0]

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial({name: p.data for name, p in parameters.items()})
    study.optimize(objective, n_trials=trials)
    return following(seen)


def following(seen: list[tuple[float | None, float]]) -> list[float]:
    """Return, after each trial, the true regret of the one that looked best until then."""
    best, found = float("inf"), []
    for looks, regret in seen:
        if looks is not None and looks < best:
            best, true = looks, regret
        found.append(true)
    return found


CONTESTANTS: dict[str, Callable[[Task, int, int], list[float]]] = {
    "random": searched(lambda task: NumericOptimizer(sampler="random", when=task.when)),
    "Optuna TPE": optuna_itself,
    "numeric, tpe": searched(lambda task: NumericOptimizer(sampler="tpe", when=task.when)),
    "numeric, gp": searched(lambda task: NumericOptimizer(sampler="gp", when=task.when)),
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.optimizers numeric")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=100, help="the first seed; tuning had 0 to 9")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--only", help="names of tasks, separated by commas")
    options = parser.parse_args(arguments)
    wanted = options.only.split(",") if options.only else [task.name for task in TASKS]
    print(f"| task | optimizer | regret after {EARLY} | after {options.trials} | ms a trial |")
    print("|---|---|---|---|---|")
    for task in [task for task in TASKS if task.name in wanted]:
        for name, run in CONTESTANTS.items():
            start = time.process_time()
            seeds = range(options.first, options.first + options.seeds)
            found = [run(task, options.trials, seed) for seed in seeds]
            took = (time.process_time() - start) / options.seeds / options.trials * 1000
            early = quartiles([regrets[min(EARLY, len(regrets)) - 1] for regrets in found])
            late = quartiles([regrets[-1] for regrets in found])
            print(f"| {task.name} | {name} | {early} | {late} | {took:.1f} |", flush=True)
