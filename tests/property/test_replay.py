"""Replaying with another input equals running the program again with it."""

from hypothesis import given
from hypothesis import strategies as st

import tracegraph as tg

calls = []


@tg.bundle
def source(value):
    return [value, "source"]


@tg.bundle
def merge(a, b, kind=0):
    calls.append("merge")
    return [hash((str(a), str(b), kind)), "merged"]


@tg.bundle
def gather(items):
    calls.append("gather")
    return {"all": [str(i) for i in items]}


program = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 20), st.integers(0, 3)),
    min_size=1, max_size=15,
)  # fmt: skip


def execute(steps, inputs):
    values = [source(value) for value in inputs]
    for join, a, b, kind in steps:
        x, y = values[a % len(values)], values[b % len(values)]
        values.append(merge(x, y, kind=kind) if join else gather([x, {"y": y}]))
    return values


@given(program, st.sampled_from(["native", "nodes"]), st.integers(0, 2), st.integers())
def test_replay_equals_running_again(steps, flow, which, new):
    with tg.record(flow) as run:
        execute(steps, [10, 20, 30])
    inputs = [10, 20, 30]
    inputs[which] = new
    with tg.record(flow) as fresh:
        execute(steps, inputs)
    calls.clear()
    made = run.replay(run.nodes[which], [new, "source"])
    assert [made.value(n) for n in run.nodes] == [n.data for n in fresh.nodes]
    assert len(calls) == len([n for n in made.rerun if n.operation.name != "getitem"])
    below = {id(run.nodes[which])}
    for node in run.nodes:
        if any(id(p) in below for p in node._parents):
            below.add(id(node))
    assert {id(n) for n in made.rerun} == below - {id(run.nodes[which])}
