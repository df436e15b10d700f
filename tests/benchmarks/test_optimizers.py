"""The tasks of benchmarks.optimizers are what they say."""

import math
import random

import pytest

from benchmarks.optimizers import heuristics, packing, tours
from benchmarks.optimizers.numeric import CONTESTANTS, following
from benchmarks.optimizers.spaces import RIGHT, TASKS
from benchmarks.optimizers.table import quartiles
from tracegraph.optimizers.hybrid import HybridOptimizer
from tracegraph.optimizers.numeric import NumericOptimizer
from tracegraph.sandbox import CodeWorker
from tracegraph.training.search import search_sync

BEST = {
    "Branin": {"x": math.pi, "y": 2.275},
    "noisy Branin": {"x": -math.pi, "y": 12.275},
    "Rosenbrock-4": {f"x{i}": 1.0 for i in range(4)},
    "Ackley-6": {f"x{i}": 0.0 for i in range(6)},
    "modules 6^5": RIGHT,
    "linked modules 6^5": RIGHT,
    "mixed conditional": {
        "kind": "net", "scaled": True, "threshold": 0.62, "depth": 1, "rate": 3e-3, "layers": 3,
        "warmup": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_best_has_no_regret_and_the_rest_some(task):
    assert task.regret(BEST[task.name]) == pytest.approx(0, abs=1e-6)
    for seed in range(20):
        values = {p.name: p.data for p in task.parameters(random.Random(seed))}
        assert task.regret(values) > 0


@pytest.mark.parametrize("name", CONTESTANTS)
def test_every_contestant_starts_at_the_same_point(name):
    task = TASKS[-1]
    regrets = CONTESTANTS[name](task, 3, 7)
    first = {p.name: p.data for p in task.parameters(random.Random(7))}
    assert regrets[0] == pytest.approx(task.regret(first))
    assert regrets == sorted(regrets, reverse=True)


@pytest.mark.parametrize("task", TASKS[-2:], ids=lambda task: task.name)
def test_hybrid_without_texts_is_numeric(task):
    numeric = NumericOptimizer(when=task.when)
    both = numeric, HybridOptimizer(text=[], numeric=numeric)
    trials = [
        search_sync(task.regret, task.parameters(random.Random(1)), optimizer, trials=20).trials
        for optimizer in both
    ]
    assert trials[0] == trials[1]


def test_noise_does_not_flatter():
    assert following([(1.0, 2.0), (0.5, 3.0), (None, 9.0), (0.7, 1.0)]) == [2.0, 3.0, 3.0, 3.0]


def best_fit(sizes, capacity):
    """Return the number of bins, the plain way."""
    rooms = []
    for item in sizes:
        fitting = [place for place, room in enumerate(rooms) if room >= item]
        if fitting:
            rooms[min(fitting, key=rooms.__getitem__)] -= item
        else:
            rooms.append(capacity - item)
    return len(rooms)


def test_packing_begins_as_best_fit():
    [sizes] = packing.instances(3, count=1, items=400)
    result = packing.packed(lambda item, room: item - room, sizes, packing.CAPACITY)
    assert sum(result.values()) == best_fit(sizes, packing.CAPACITY)
    filled = sum((packing.CAPACITY - room) * count for room, count in result.items())
    assert filled == sum(sizes)


def test_learned_code_packs_and_tours_in_the_sandbox():
    lists = packing.instances(3, count=2, items=200)
    with CodeWorker() as worker:
        code = packing.priority.parameter.data
        run = heuristics.in_sandbox(worker, code, packing.packed, packing.all_packed)
        expected = [packed(item) for item in lists]
        assert run(lists, packing.CAPACITY) == expected
        points = tours.instances(3, count=2, nodes=10)
        code = tours.preference.parameter.data
        run = heuristics.in_sandbox(worker, code, tours.toured, tours.all_toured)
        assert run(points) == [tours.toured(lambda d, *rest: -d, p) for p in points]


def packed(sizes):
    return packing.packed(lambda item, room: item - room, sizes, packing.CAPACITY)


def test_a_drawn_priority_begins_as_best_fit():
    parameters = packing.shape_parameters(random.Random(0))
    code = packing.shape({p.name: p.data for p in parameters})
    scope: dict = {}
    exec(code, scope)
    [sizes] = packing.instances(3, count=1, items=300)
    assert packing.packed(scope["priority"], sizes, 100) == packed(sizes)


def test_a_cell_of_a_table():
    assert quartiles([1, 2, 3, 4, 5]) == "3 [2, 4]"
    assert quartiles([0.0, 1e-5, 2e-5]) == "1e-05 [5e-06, 2e-05]"
