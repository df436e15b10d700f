"""The recorder's speed, side by side with trace-opt in the same run.

    python -m benchmarks.recorder [--quick]

CPU time, medians of several rounds. trace-opt runs in an environment of its own when
``--peer PYTHON`` names one that has it (``pip install trace-opt``); without, its column is empty.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

PEER = Path(__file__).parent / "peers" / "trace_opt.py"

# The bounds that the project set itself.
BOUNDS = {
    "bundled call, one node": 4.0,
    "bundled call when off, over the bare call": 0.6,
    "node operation": 3.0,
    "backward, chain of 10,000 (ms)": 40.0,
    "backward, memory a node (bytes)": 1000.0,
    "import (ms CPU)": 50.0,
}


def median_us(work: Callable[[int], None], n: int, rounds: int = 7) -> float:
    """Return microseconds of CPU for each of ``n`` repetitions, the median of some rounds."""
    took = []
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        work(n)
        took.append((time.process_time() - start) / n * 1e6)
    return statistics.median(took)


def repeat(call: Callable[[], Any]) -> Callable[[int], None]:
    """Return a loop over ``call``."""

    def loop(n: int) -> None:
        for _ in range(n):
            call()

    return loop


def ours(quick: bool) -> dict[str, float]:
    """Measure tracegraph."""
    import tracegraph as tg

    x = tg.node(2.0)

    @tg.bundle
    def same(a: Any) -> Any:
        return a

    def bare(a: Any) -> Any:
        return a

    n = 5_000 if quick else 50_000
    found = {
        "bundled call, one node": median_us(repeat(lambda: same(x)), n),
        "node operation": median_us(repeat(lambda: x + 1), n),
    }
    with tg.record():
        value = ["a value"]
        found["bundled call, native values"] = median_us(repeat(lambda: same(value)), n // 10)
    with tg.off():
        off = median_us(repeat(lambda: same(2.0)), n)
    found["bundled call when off, over the bare call"] = off - median_us(
        repeat(lambda: bare(2.0)), n
    )
    found["build, a node"] = median_us(lambda m: chain(tg.node(1.0), m), n) if n else 0.0
    found |= backward_of(lambda size: chain(tg.node(1.0, trainable=True), size), (1_000, 10_000))
    tracemalloc.start()
    last = chain(tg.node(1.0, trainable=True), 10_000)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    last.backward("feedback")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    found["backward, memory a node (bytes)"] = (peak - before) / 10_000
    return found


def chain(start: Any, size: int) -> Any:
    """Return a chain of ``size`` operations."""
    node = start
    for _ in range(size):
        node = node + 1
    return node


def backward_of(make: Callable[[int], Any], sizes: tuple[int, ...]) -> dict[str, float]:
    """Return milliseconds of CPU for propagating over each size."""
    found = {}
    for size in sizes:
        took = []
        for _ in range(5):
            last = make(size)
            gc.collect()
            start = time.process_time()
            last.backward("feedback")
            took.append((time.process_time() - start) * 1e3)
        found[f"backward, chain of {size:,} (ms)"] = statistics.median(took)
    return found


def shapes() -> dict[str, Callable[[int], Any]]:
    """Return builders of graphs with about ``n`` calls, by name."""
    import tracegraph as tg

    def tree(n: int) -> Any:
        level = [tg.node(1.0, trainable=True) for _ in range(n // 2)]
        while len(level) > 1:
            level = [
                level[i] + level[i + 1] if i + 1 < len(level) else level[i]
                for i in range(0, len(level), 2)
            ]
        return level[0]

    def fan_in(n: int) -> Any:
        x = tg.node(1.0, trainable=True)
        return tg.operators.make_list(*[x + 1 for _ in range(n)])

    def diamond(n: int) -> Any:
        node: Any = tg.node(1.0, trainable=True)
        for _ in range(n // 2):
            node = node + node * 0.5
        return node

    def parameters(n: int) -> Any:
        return tg.operators.make_list(*[tg.node(1.0, trainable=True) for _ in range(n)])

    return {
        "chain": lambda n: chain(tg.node(1.0, trainable=True), n),
        "tree": tree,
        "fan-in": fan_in,
        "diamond": diamond,
        "many parameters": parameters,
    }


def growth(sizes: tuple[int, ...]) -> list[tuple[str, list[float], float]]:
    """Return (shape, milliseconds by size, exponent of growth from the first to the last)."""
    rows = []
    for name, make in shapes().items():
        took = []
        for size in sizes:
            rounds = []
            for _ in range(5):
                last = make(size)
                gc.collect()
                gc.disable()
                start = time.process_time()
                last.backward("feedback")
                rounds.append((time.process_time() - start) * 1e3)
                gc.enable()
            took.append(statistics.median(rounds))
        exponent = math.log(took[-1] / took[0]) / math.log(sizes[-1] / sizes[0])
        rows.append((name, took, exponent))
    return rows


def import_ms(python: str, module: str) -> float:
    """Return the CPU that importing a module costs over starting Python."""
    code = "import resource; u = resource.getrusage(resource.RUSAGE_SELF)"
    told = "; v = resource.getrusage(resource.RUSAGE_SELF); print(v.ru_utime + v.ru_stime"
    full = f"{code}; import {module}{told} - u.ru_utime - u.ru_stime)"
    runs = [
        float(
            subprocess.run([python, "-c", full], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(9)
    ]
    return statistics.median(runs) * 1e3


def peer(python: str, quick: bool) -> dict[str, float]:
    """Measure trace-opt in the environment of ``python``."""
    done = subprocess.run(
        [python, str(PEER), "500" if quick else "2000"], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found | {"import (ms CPU)": import_ms(python, "opto.trace")}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--peer", type=Path, help="a Python that has trace-opt installed")
    options = parser.parse_args()
    mine = ours(options.quick) | {"import (ms CPU)": import_ms(sys.executable, "tracegraph")}
    other = peer(str(options.peer), options.quick) if options.peer else {}
    print(f"{'microseconds of CPU, unless said':<44}{'bound':>9}{'tracegraph':>12}", end="")
    print(f"{'trace-opt':>12}{'ratio':>8}")
    for name, value in mine.items():
        bound = f"{BOUNDS[name]:g}" if name in BOUNDS else ""
        theirs = f"{other[name]:.1f}" if name in other else ""
        ratio = f"{other[name] / value:.0f}x" if name in other and value > 0 else ""
        print(f"{name:<44}{bound:>9}{value:>12.2f}{theirs:>12}{ratio:>8}")
    sizes = (1_000, 10_000) if options.quick else (1_000, 10_000, 100_000)
    print(f"\n{'backward, ms by number of calls':<32}", end="")
    print("".join(f"{size:>12,}" for size in sizes) + f"{'exponent':>12}{'bound':>8}")
    for shape, took, exponent in growth(sizes):
        print(f"{shape:<32}" + "".join(f"{ms:>12.2f}" for ms in took), end="")
        print(f"{exponent:>12.2f}{1.1:>8}")


if __name__ == "__main__":
    main()
