"""The same measurements of trace-opt: run by benchmarks.recorder with a Python that has it."""

import gc
import json
import statistics
import sys
import time

from opto.trace import bundle, node
from opto.trace.nodes import GRAPH


def median_us(call, n, rounds=5):
    took = []
    for _ in range(rounds):
        GRAPH.clear()
        gc.collect()
        start = time.process_time()
        for _ in range(n):
            call()
        took.append((time.process_time() - start) / n * 1e6)
    return statistics.median(took)


@bundle()
def same(a):
    return a


def chain(size):
    last = node(1.0, trainable=True)
    for _ in range(size):
        last = last + 1
    return last


def main(n):
    x = node(2.0)
    found = {
        "bundled call, one node": median_us(lambda: same(x), n),
        "node operation": median_us(lambda: x + 1, n),
    }
    start = time.process_time()
    chain(n)
    found["build, a node"] = (time.process_time() - start) / n * 1e6
    for size in (1_000, 10_000) if n >= 1_000 else (1_000,):
        GRAPH.clear()
        last = chain(size)
        gc.collect()
        start = time.process_time()
        last.backward("feedback")
        found[f"backward, chain of {size:,} (ms)"] = (time.process_time() - start) * 1e3
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
