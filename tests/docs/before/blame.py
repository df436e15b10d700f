"""Recorded runs with scores, where one call is at fault."""

import tracegraph as tg


@tg.bundle
def double(number):
    return number * 2


@tg.bundle
def write(number):
    return f"It is {number}." if number < 50 else "It is too much."


runs, scores = [], []
for first in range(10, 40):
    with tg.record() as run:
        answer = write(double(first))
    runs.append(run)
    scores.append(float(answer == f"It is {2 * first}."))


def scorer(output):
    return float("too much" not in output)


node, value, other = run.nodes[0], 4, run.nodes[1]
