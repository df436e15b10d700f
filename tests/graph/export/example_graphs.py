"""Programs whose graphs the tests export."""

import dataclasses

import tracegraph as tg
from tracegraph.graph.subgraph import Subgraph


@dataclasses.dataclass
class Pair:
    left: object
    right: object


class Opaque:
    def __init__(self, value):
        self.value = value


@tg.bundle
def combine(first, others=(), *, scale=2):
    """Put values together."""
    return [first, others, scale]


@tg.bundle
def shout(text):
    return text.upper() + "!"


@tg.bundle
def opaque(value, tag="t"):
    return Opaque(value)


@tg.bundle
def fails(value):
    wrong = value
    raise ValueError(f"no: {wrong!r:.20}")


class Reader(tg.Module):
    def __init__(self, prompt):
        self.prompt = prompt

    @tg.bundle
    def read(self, text, times=1):
        """Read a text with the prompt."""
        return f"{self.prompt.data}: {text}" * times


def caught(call, *args):
    """Return the node of a call that may fail."""
    try:
        return call(*args)
    except tg.ExecutionError as error:
        return error.exception_node


def pipeline():
    """Return a graph with two parameters, an input, a method, an error and feedback."""
    prompt = tg.node("Say <b>", trainable=True, name="prompt", description="What to say.")
    limit = tg.Parameter(3, name="limit", low=1, high=9)
    text = tg.node("a text", name="text")
    said = Reader(prompt).read(text)
    both = combine(said, [limit, {"again": said}])
    bad = caught(fails, both)
    sent = tg.backward([both, bad], ["Too long.", ""], scores=[0.25, None])
    return Subgraph(sent.order, sent.outputs, feedback=sent, name="pipeline")


def chain(length):
    """Return a graph in which each call uses the same parameter."""
    rate = tg.Parameter(2, name="rate")
    with tg.record("nodes", name="chain") as run:
        value = combine(rate)
        while len(run.nodes) < length:
            value = combine(rate, (value,)) if len(run.nodes) % 3 else combine(value)
            value._data = len(run.nodes)
        value.backward("Too slow.", score=0.1)
    return run.graph()
