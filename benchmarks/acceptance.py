"""How often rules accept a candidate that is not better, and one that is.

    python -m benchmarks.acceptance [--runs 2000]

Parent and candidate answer the same examples, right or wrong by chance: the parent is right on
60 % of them, and the answers of the two have a correlation of 0.5, as a changed prompt has with
the one it was made from. The rules see the same simulated pairs. The last table takes the best of
20 candidates that are all equally good.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tracegraph.training.acceptance import PairedTest, spend
from tracegraph.training.intervals import score_interval, sign_test

PARENT, CORRELATION = 0.6, 0.5
CANDIDATES = {"identical": 0.6, "10 points worse": 0.5, "10 better": 0.7, "20 better": 0.8}
LARGEST = 100  # pairs, where a rule may look at many

Pairs = NDArray[np.float64]  # one run a row, one difference a column
Found = tuple[bool, int]  # whether it accepted, and how many examples it looked at
Rule = Callable[[Sequence[float]], Found]


def pairs(candidate: float, runs: int, n: int, seed: int) -> Pairs:
    """Return differences of -1, 0 and 1 for paired right and wrong answers."""
    covariance = CORRELATION * math.sqrt(PARENT * (1 - PARENT) * candidate * (1 - candidate))
    both = PARENT * candidate + covariance
    lots = np.random.default_rng(seed).random((runs, n))
    won, lost = candidate - both, PARENT - both
    return np.where(lots < won, 1.0, np.where(lots < won + lost, -1.0, 0.0))


# The rules


def strictly_better(n: int) -> Rule:
    return lambda differences: (sum(differences[:n]) > 0, n)


def sign_test_once(differences: Sequence[float]) -> Found:
    """The exact test on all pairs at once, one-sided: the most that looking once can give."""
    wins, losses = differences.count(1.0), differences.count(-1.0)
    return wins > losses and sign_test(wins, losses) / 2 <= 0.05, len(differences)


def peeked_t_test(differences: Sequence[float]) -> Found:
    """A t-test at 5 % (one-sided) that is looked at after every example from the fifth on."""
    total = squares = 0.0
    for n, each in enumerate(differences, 1):
        total, squares = total + each, squares + each * each
        variance = (squares - total * total / n) / max(1, n - 1)
        if n >= 5 and total > 0 and total / n >= _t95(n - 1) * math.sqrt(variance / n):
            return True, n
    return False, len(differences)


def _t95(v: int) -> float:
    z = 1.6448536269514722  # Student's 95 % point by the expansion of Fisher and Cornish
    return z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v * v)


def paired_test(alpha: float, largest: int = LARGEST) -> Rule:
    def rule(differences: Sequence[float]) -> Found:
        test = PairedTest(alpha, largest=largest)
        for each in differences[:largest]:
            test.add(each)
            if test.verdict != "undecided":
                break
        return test.verdict == "accepted", test.count

    return rule


RULES: dict[str, Rule] = {
    "strictly better on 3 (GEPA, dspy)": strictly_better(3),
    "strictly better on 10": strictly_better(10),
    "strictly better on 35": strictly_better(35),
    f"t-test looked at after each of {LARGEST}": peeked_t_test,
    f"exact sign test once, on {LARGEST}": sign_test_once,
    "PairedTest(0.05)": paired_test(0.05),
    "PairedTest, 1st test of a run": paired_test(spend(0.05, 1)),
    "PairedTest, 5th test of a run": paired_test(spend(0.05, 5)),
    "PairedTest, 10th test of a run": paired_test(spend(0.05, 10)),
}


# The tables


def percent(hits: Sequence[bool]) -> str:
    """Return a share with its 95 % interval."""
    low, high = score_interval([float(hit) for hit in hits])
    return f"{100 * sum(hits) / len(hits):.1f} ({100 * low:.1f}-{100 * high:.1f})"


def rules_table(runs: int) -> None:
    data = {
        name: pairs(p, runs, LARGEST, seed).tolist()
        for seed, (name, p) in enumerate(CANDIDATES.items())
    }
    print(
        "| accepted, % (95 %) | " + " | ".join(CANDIDATES) + " | examples: identical | 20 better |"
    )
    print("|---" * (len(CANDIDATES) + 3) + "|")
    for label, rule in RULES.items():
        found = {name: [rule(row) for row in rows] for name, rows in data.items()}
        cells = [percent([accepted for accepted, _ in each]) for each in found.values()]
        used = [np.mean([n for _, n in found[name]]) for name in ("identical", "20 better")]
        print(f"| {label} | {' | '.join(cells)} | {used[0]:.0f} | {used[1]:.0f} |")


def runs_table(runs: int) -> None:
    """Ten candidates in a row that are no better: does a run accept any of them?"""
    data = pairs(PARENT, 10 * runs, LARGEST, 100).reshape(runs, 10, LARGEST).tolist()
    series: dict[str, list[Rule]] = {
        "strictly better on 3": [strictly_better(3)] * 10,
        "strictly better on 35": [strictly_better(35)] * 10,
        "PairedTest(0.05) every time": [paired_test(0.05)] * 10,
        "PairedTest(spend(0.05, k))": [paired_test(spend(0.05, k)) for k in range(1, 11)],
    }
    print("\n| ten identical candidates in a row | runs that accept one, % (95 %) | examples |")
    print("|---|---|---|")
    for label, rules in series.items():
        found = [[rule(row) for rule, row in zip(rules, rows, strict=True)] for rows in data]
        hits = [any(accepted for accepted, _ in each) for each in found]
        used = np.mean([sum(n for _, n in each) for each in found])
        print(f"| {label} | {percent(hits)} | {used:.0f} |")


def power_table(runs: int) -> None:
    print("\n| 15 points better, largest = | 30 | 60 | 100 | 200 |")
    print("|---|---|---|---|---|")
    data = pairs(0.75, runs, 200, 200).tolist()
    rows: dict[str, Callable[[int], Rule]] = {
        "PairedTest(0.05): accepted, %": lambda n: paired_test(0.05, n),
        "exact sign test once: accepted, %": lambda n: lambda row: sign_test_once(row[:n]),
    }
    used = []
    for label, make in rows.items():
        cells = []
        for n in (30, 60, 100, 200):
            found = [make(n)(row) for row in data]
            cells.append(percent([accepted for accepted, _ in found]))
            used.append(f"{np.mean([each for _, each in found]):.0f}")
        print(f"| {label} | {' | '.join(cells)} |")
    print(f"| PairedTest(0.05): examples | {' | '.join(used[:4])} |")


def optimism_table(runs: int) -> None:
    """The best of 20 equal candidates: its score where it was chosen, and on a locked split."""
    rng = np.random.default_rng(300)
    print("\n| best of 20 equal candidates on n = | 20 | 50 | 100 | 300 |")
    print("|---|---|---|---|---|")
    chosen, locked = [], []
    for n in (20, 50, 100, 300):
        # Given how hard an example is, the candidates are right or wrong independently; Beta(a, b)
        # with a + b = 1 gives the answers of two candidates the correlation 1 / (1 + a + b).
        best, fresh = [], []
        for _ in range(runs):
            hardness = rng.beta(PARENT, 1 - PARENT, n)
            scores = (rng.random((20, n)) < hardness).mean(axis=1)
            best.append(scores.max() - PARENT)
            fresh.append((rng.random(n) < rng.beta(PARENT, 1 - PARENT, n)).mean() - PARENT)
        chosen.append(_points(best))
        locked.append(_points(fresh))
    print(f"| points above the truth where it was chosen (95 %) | {' | '.join(chosen)} |")
    print(f"| on a locked split of the same size | {' | '.join(locked)} |")


def _points(values: Sequence[float]) -> str:
    mean, error = float(np.mean(values)), float(np.std(values)) / math.sqrt(len(values))
    low, high = mean - 1.96 * error, mean + 1.96 * error
    return f"{100 * mean:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=2000, help="simulated tests a number")
    arguments = parser.parse_args()
    started = time.process_time()
    rules_table(arguments.runs)
    runs_table(arguments.runs // 4)
    power_table(arguments.runs)
    optimism_table(arguments.runs)
    print(f"\n{arguments.runs} runs a number, {time.process_time() - started:.0f} s of CPU")


if __name__ == "__main__":
    main()
