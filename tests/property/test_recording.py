"""Random programs: both ways to record agree, and concurrent recordings never mix."""

import asyncio
import contextlib
import threading
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

import tracegraph as tg


@tg.bundle
def leaf(label):
    return [f"leaf {label}"]


@tg.bundle
def join(a, b):
    return [f"join of {len(a)} and {len(b)}", a, b]


@tg.bundle
def collect(items, extra=None):
    return {"items": list(items), "extra": extra}


@tg.bundle
async def later(a):
    await asyncio.sleep(0)
    return [f"later {len(a)}", a]


# A step is (what to do, which earlier values it takes).
steps = st.lists(
    st.tuples(st.sampled_from(["leaf", "join", "collect", "extra", "item"]), st.lists(
        st.integers(0, 30), min_size=3, max_size=3)),
    min_size=1, max_size=25,
)  # fmt: skip


def run(program):
    """Run a program step by step; returns a generator, so that runs can be interleaved."""
    values = [leaf("root value")]
    for number, (kind, picks) in enumerate(program):
        a, b, c = (values[i % len(values)] for i in picks)
        if kind == "leaf":
            values.append(leaf(f"number {number}"))
        elif kind == "join":
            values.append(join(a, b))
        elif kind == "collect":
            values.append(collect([a, (b, c)]))
        elif kind == "extra":
            values.append(collect((a,), extra={"key": b}))
        else:
            values.append(join(join(a, b)[1], c))
        yield


def finish(steps_of_a_run):
    for _ in steps_of_a_run:
        pass


def lines(recording):
    graph = recording.graph()
    return [graph.line(call) for call in graph.calls]


def serial(program, flow):
    with tg.record(flow) as recording:
        finish(run(program))
    return recording


@given(steps)
def test_nodes_and_native_values_give_the_same_graph(program):
    # join(...)[1] hands out an object that another call returned before, so only its own
    # program is left out: there identity points at both.
    program = [(kind, picks) for kind, picks in program if kind != "item"]
    native, nodes = serial(program, "native"), serial(program, "nodes")
    assert lines(native) == lines(nodes)
    assert not any(node.inferred for node in native.nodes)


@given(steps)
def test_parts_of_results_that_are_results_themselves_are_found(program):
    recording = serial(program, "native")
    for node in recording.nodes:
        for parent in node._parents:
            assert parent in recording.nodes or not parent._is_call()


@given(st.lists(steps, min_size=2, max_size=5), st.data())
def test_interleaved_recordings_equal_serial_ones(programs, data):
    async def one(program, waits):
        with tg.record() as recording:
            for _, wait in zip(run(program), waits, strict=False):
                for _ in range(wait):
                    await asyncio.sleep(0)
            await later(["the end"])
        return recording

    async def main():
        waits = [data.draw(st.lists(st.integers(0, 3), min_size=25, max_size=25)) for _ in programs]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(*both)) for both in zip(programs, waits, strict=True)]
        return [task.result() for task in tasks]

    for program, recording in zip(programs, asyncio.run(main()), strict=True):
        alone = asyncio.run(one_alone(program))
        assert lines(recording) == lines(alone)
        assert [n.name for n in recording.nodes] == [n.name for n in alone.nodes]


async def one_alone(program):
    with tg.record() as recording:
        finish(run(program))
        await later(["the end"])
    return recording


@settings(max_examples=25)
@given(st.lists(steps, min_size=2, max_size=4))
def test_threads_do_not_mix(programs):
    recordings = [None] * len(programs)
    barrier = threading.Barrier(len(programs))

    def work(i):
        barrier.wait()
        recordings[i] = serial(programs[i], "native")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(programs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for program, recording in zip(programs, recordings, strict=True):
        assert lines(recording) == lines(serial(program, "native"))


@given(steps, st.integers(0, 24))
def test_a_recording_inside_another_leaves_it_alone(program, cut):
    with tg.record() as outer:
        stepping = run(program)
        for _, _ in zip(range(cut), stepping, strict=False):
            pass
        with tg.record() as inner:
            finish(run(program))
        finish(stepping)
    assert lines(inner) == lines(serial(program, "native")) == lines(outer)


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=8))
def test_async_generators_keep_their_scope(order):
    @tg.bundle
    async def stream(tag):
        for i in range(10):
            await asyncio.sleep(0)
            yield f"{tag} item number {i}"

    async def main():
        recordings = {}
        streams = {}
        for tag in ("a", "b"):
            with tg.record(name=tag) as recordings[tag]:
                streams[tag] = stream(tag)
                await anext(streams[tag])
        # Consumed after its recording has ended, a stream is refused, and no other gets it.
        for tag in order:
            with contextlib.suppress(tg.TracegraphError, StopAsyncIteration):
                await anext(streams[tag])
        for made in streams.values():
            await made.aclose()
        return recordings

    recordings = asyncio.run(main())
    for tag, recording in recordings.items():
        assert [n.data for n in recording.nodes] == [f"{tag} item number 0"]


@given(st.integers(2, 40))
def test_names_count_up_in_the_order_of_calls(n):
    with tg.record() as recording:
        for i in range(n):
            leaf(f"value {i}")
    numbers = [int(node.name.removeprefix("leaf")) for node in recording.nodes]
    assert numbers[0] == 0
    assert all(b == a + 1 for a, b in pairwise(numbers))
