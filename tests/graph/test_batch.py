import asyncio
import threading

import pytest

import tracegraph as tg
from tracegraph.graph import GraphError


@tg.bundle
def add(x, y):
    return x + y


def test_lists_are_taken_apart_and_the_rest_goes_to_every_call():
    y = tg.node(10)
    results = tg.batch_run(add)([1, 2, 3], y)
    assert [node.data for node in results] == [11, 12, 13]
    assert all(y in node.parents for node in results)
    pairs = tg.batch_run(max_workers=2)(add)(x=(1, 2), y=[5, 6])
    assert [node.data for node in pairs] == [6, 8]


def test_a_recording_has_the_calls_of_the_threads():
    threads = set()

    @tg.bundle
    def where(x):
        threads.add(threading.get_ident())
        return [x]

    with tg.record() as run:
        assert tg.batch_run(where)([1, 2, 3, 4]) == [[1], [2], [3], [4]]
    assert len(run.nodes) == 4
    assert threading.get_ident() not in threads


def test_async_functions_run_as_tasks():
    running, most = 0, 0

    @tg.batch_run(max_workers=3)
    @tg.bundle
    async def later(x):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return x * 2

    assert [n.data for n in asyncio.run(later([1, 2, 3, 4, 5]))] == [2, 4, 6, 8, 10]
    assert most == 3


def test_the_first_error_is_raised():
    @tg.batch_run(max_workers=1)
    def fail(x):
        if x == 2:
            raise ValueError(x)
        seen.append(x)
        return x

    seen = []
    with pytest.raises(ValueError, match="2"):
        fail([1, 2, 3, 4, 5, 6])
    assert 1 in seen


@pytest.mark.parametrize(("args", "told"), [((1, 2), "no list"), (([1], [1, 2]), r"\[1, 2\]")])
def test_lists_of_one_length_are_needed(args, told):
    with pytest.raises(GraphError, match=told):
        tg.batch_run(add)(*args)
