"""Nothing accumulates: what nobody refers to is gone."""

import gc
import sys
import tracemalloc

import pytest

import tracegraph as tg


@tg.bundle
def step(x, weight):
    return x * weight


def grown(calls):
    """Return by how many blocks of memory the process grew over so many calls."""
    weight = tg.node(0.5, trainable=True)
    gc.collect()
    before = sys.getallocatedblocks()
    for i in range(calls):
        step(i, weight) + 1
    gc.collect()
    return sys.getallocatedblocks() - before


def test_recorded_calls_in_a_loop_do_not_grow_memory():
    grown(1_000)
    assert grown(50_000) < 500


@pytest.mark.slow
def test_a_million_recorded_calls():
    grown(1_000)
    assert grown(1_000_000) < 500


def test_recordings_are_freed_whole():
    tracemalloc.start()
    try:
        weight = tg.node(0.5, trainable=True)

        def record_once():
            with tg.record() as run:
                value = step(1.5, weight)
                for _ in range(100):
                    value = step(value, weight)
            run.feedback(value, "fine")
            weight.zero_feedback()

        record_once()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(50):
            record_once()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 50_000
    finally:
        tracemalloc.stop()
