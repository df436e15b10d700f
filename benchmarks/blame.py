"""How often blame ranks the broken call first: random pipelines with one broken call.

    python -m benchmarks.blame [--pipelines 240] [--fit]

Each pipeline is a random graph of up to 30 bundled functions on numbers, texts, lists and labels,
recorded for 20, 50 or 100 random inputs; the last result depends on 5 of them at least. One call
is broken (see ``benchmarks.pipelines``), some for every input, some for a part of the inputs, some
at random. A run's score says whether the last result is right; with noise, a part of the scores is
wrong, in replays as well. Pipelines that (almost) always or never fail are left out: nothing can
be compared there.

The weights of ``tracegraph.graph.blame.combination`` come from ``--fit``, which uses pipelines of
other seeds than those that are reported.
"""

from __future__ import annotations

import argparse
import functools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.pipelines import FAULTS, Rng, random_pipeline
from tracegraph.graph.blame import combination
from tracegraph.graph.blame.combination import OBSERVED, REPLAYED, describe, direct, shares
from tracegraph.graph.blame.evidence import observe
from tracegraph.graph.blame.table import tabulate
from tracegraph.graph.blame.trials import Laboratory

REFERENCES = 3  # failed runs whose right results are known, for one of the methods
SMALLEST = 5  # calls that the last result depends on
DEVELOPMENT, REPORT = 0, 1_000_000  # the first seeds; neither range reaches into the other


@dataclass
class Case:
    """A pipeline's runs, looked at: what is known of each call, and which one is broken."""

    size: int
    runs: int
    noise: float
    fault: str
    broken: str
    described: dict[str, list[float]]
    told: dict[str, float]
    failing: dict[str, int]
    seed: int


def make_case(seed: int, fault: str) -> Case | None:
    """Return the case of a seed; None when it hardly ever, or nearly always, fails."""
    rng = Rng(seed)
    size, count = rng.randint(5, 30), rng.choice([20, 50, 100])
    noise = rng.choice([0.0, 0.1, 0.2])
    made = random_pipeline(rng, size, fault)
    if made is None:
        return None
    data = [[rng.randint(0, 20) for _ in range(made.inputs)] for _ in range(count)]
    done = [made.run(values) for values in data]
    every = [made.right(values) for values in data]
    right = [next(reversed(results.values())) for results in every]
    truth = [float(out == want) for (_, out), want in zip(done, right, strict=True)]
    if not 0.1 <= sum(truth) / count <= 0.9:
        return None
    judge = Rng(seed + 1)

    def score(want: Any, output: Any) -> float:
        wrong = judge.random() < noise
        return float((output == want) != wrong)

    table = tabulate(
        [run for run, _ in done],
        [score(want, out) for (_, out), want in zip(done, right, strict=True)],
        None,
        None,
    )
    if len(table.columns) < SMALLEST:
        return None
    seen = observe(table)
    scorers = [functools.partial(score, want) for want in right]
    laboratory = Laboratory(table, scorers, None, 10_000, None, seed)
    trials = {key: laboratory.examine(column, seen[key]) for key, column in table.columns.items()}
    failing = {key: 1000 * seen[key].raised + place for place, key in enumerate(table.columns)}
    known = set(table.failed[:REFERENCES])
    expected = [results if i in known else {} for i, results in enumerate(every)]
    told = direct(observe(table, expected))
    return Case(
        len(table.columns), count, noise, fault, made.broken,
        describe(table, seen, trials), told, failing, seed,
    )  # fmt: skip


def cases(first: int, count: int) -> list[Case]:
    """Return the first cases from a seed on, as many for each fault."""
    found: list[Case] = []
    for fault in FAULTS:
        wanted = len(found) + count // len(FAULTS)
        while len(found) < wanted:
            case = make_case(first, fault)
            first += 1
            if case is not None:
                found.append(case)
    return found


# The methods: each gives every call a number, the largest is blamed first


def _weighed(case: Case, weights: Sequence[float]) -> dict[str, float]:
    return {
        key: sum(w * x for w, x in zip(weights, row, strict=False))
        for key, row in case.described.items()
    }  # fmt: skip


GAIN = REPLAYED.index("gain")
METHODS: dict[str, Callable[[Case], dict[str, float]]] = {
    "random": lambda case: dict.fromkeys(case.described, 0.0),
    "last failing call": lambda case: {k: float(v) for k, v in case.failing.items()},
    "observed only": lambda case: _weighed(case, combination.OBSERVED_WEIGHTS),
    "replayed only": lambda case: {k: row[GAIN] for k, row in case.described.items()},
    "combined": lambda case: _weighed(case, combination.REPLAYED_WEIGHTS),
    "combined, 3 runs corrected": lambda case: {
        k: v + case.told[k] for k, v in _weighed(case, combination.REPLAYED_WEIGHTS).items()},
}  # fmt: skip


def rank(case: Case, values: dict[str, float]) -> int:
    """Return the place of the broken call; ties are broken by lot."""
    if case.broken not in values:
        return len(values) + 1
    lots = Rng(case.seed)
    order = sorted(values, key=lambda key: (-values[key], lots.random()))
    return order.index(case.broken) + 1


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def show(title: str, found: Sequence[Case]) -> None:
    """Print a row for each method, if there is anything to print."""
    if not found:
        return
    for method, value in METHODS.items():
        places = [rank(case, value(case)) for case in found]
        n = len(places)
        first = sum(place == 1 for place in places)
        low, high = wilson(first, n)
        three = sum(place <= 3 for place in places) / n
        mrr = sum(1 / place for place in places) / n
        print(
            f"| {title} | {n} | {method} | {first / n:.0%} ({low:.0%} to {high:.0%}) |"
            f" {three:.0%} | {mrr:.2f} |"
        )


def fit(found: Sequence[Case], names: Sequence[str], penalty: float = 0.002) -> list[float]:
    """Return the weights of the conditional logit: gradient ascent on the penalised likelihood."""
    data = [
        ([row[: len(names)] for row in case.described.values()],
         list(case.described).index(case.broken))
        for case in found if case.broken in case.described
    ]  # fmt: skip
    weights = [0.0] * len(names)
    momentum = [0.0] * len(names)
    for _ in range(400):
        slope = [-2 * penalty * w for w in weights]
        for rows, target in data:
            logits = [sum(map(float.__mul__, weights, row)) for row in rows]
            top = max(logits)
            powers = [math.exp(logit - top) for logit in logits]
            total = sum(powers)
            for j in range(len(names)):
                mean = sum(p * row[j] for p, row in zip(powers, rows, strict=True)) / total
                slope[j] += (rows[target][j] - mean) / len(data)
        momentum = [0.9 * m + s for m, s in zip(momentum, slope, strict=True)]
        weights = [w + 0.3 * m for w, m in zip(weights, momentum, strict=True)]
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pipelines", type=int, default=240)
    parser.add_argument("--fit", action="store_true", help="fit the weights on development seeds")
    options = parser.parse_args()
    started = time.process_time()
    found = cases(DEVELOPMENT if options.fit else REPORT, options.pipelines)
    if options.fit:
        for names in (OBSERVED, REPLAYED):
            for name, weight in zip(names, fit(found, names), strict=True):
                print(f"{weight:8.2f}  {name}")
            print()
    print("| pipelines | n | method | broken call first (95 %) | in first 3 | MRR |")
    print("|---|---|---|---|---|---|")
    show("all", found)
    for noise in (0.0, 0.1, 0.2):
        show(f"{noise:.0%} of scores wrong", [c for c in found if c.noise == noise])
    for count in (20, 50, 100):
        show(f"{count} runs", [c for c in found if c.runs == count])
    for low, high in ((5, 12), (13, 21), (22, 30)):
        show(f"{low} to {high} calls", [c for c in found if low <= c.size <= high])
    for fault in FAULTS:
        show(fault, [c for c in found if c.fault == fault])
    share = [shares(case.described, dict.fromkeys(case.described, 0.0), replayed=True)
             for case in found]  # fmt: skip
    claimed = sum(max(each.values()) for each in share) / len(found)
    held = sum(rank(case, each) == 1 for case, each in zip(found, share, strict=True)) / len(found)
    print(f"\nThe first call's share of the blame is {claimed:.0%} on average; it is the broken one"
          f" in {held:.0%}.")  # fmt: skip
    kind = "development" if options.fit else "report"
    print(f"\n{len(found)} pipelines of {kind} seeds; {time.process_time() - started:.0f} s of CPU")


if __name__ == "__main__":
    main()
