"""Random graphs go through JSON and come back the same."""

import json

from example_graphs import Pair, Reader, caught, combine, fails, opaque, shout
from hypothesis import given
from hypothesis import strategies as st

import tracegraph as tg
from tracegraph.graph.export import from_json, to_dot, to_html, to_json, to_mermaid
from tracegraph.graph.export.as_json import json_text
from tracegraph.graph.subgraph import Subgraph

texts = st.text(st.characters())  # lone surrogates too
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts, st.binary(max_size=8),
    st.complex_numbers(), st.dates(),
)  # fmt: skip
keys = st.one_of(texts, st.integers(), st.booleans())
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(keys, inner, max_size=3),
        st.builds(Pair, inner, inner),
        st.frozensets(st.integers() | texts, max_size=1),  # a line tells them in any order
    ),
    max_leaves=6,
)
kinds = st.sampled_from(
    ["input", "parameter", "combine", "nest", "fail", "method", "shout", "opaque"]
)
steps = st.lists(
    st.tuples(kinds, values, st.lists(st.integers(0, 20), min_size=3, max_size=3), texts),
    min_size=1,
    max_size=12,
)


def build(program):
    nodes = [tg.node("start", trainable=True, name="start")]
    for kind, value, picks, text in program:
        a, b, c = (nodes[i % len(nodes)] for i in picks)
        if kind == "input":
            made = tg.node(value, name=text or None, description=text)
        elif kind == "parameter":
            made = tg.Parameter(text, description=text, constraint=text or None)
        elif kind == "combine":
            made = combine(a, b, scale=value)
        elif kind == "nest":
            made = combine([a, {"k": (b, value)}], Pair(c, {3: a}))
        elif kind == "fail":
            made = caught(fails, a)
        elif kind == "method":
            made = Reader(a).read(b)
        elif kind == "shout":
            made = caught(shout, a)
        else:
            made = opaque(a, tag=b)
        nodes.append(made)
    return nodes


def graph_of(program, text):
    nodes = build(program)
    outputs = [node for node in nodes if node._is_call() and node.is_leaf][:3]
    if not outputs:
        return Subgraph.of(nodes[-1:])
    sent = tg.backward(outputs, [text] * len(outputs), scores=[{"s": 1.0}] * len(outputs))
    return sent.subgraph() if len(program) % 2 else Subgraph(sent.order, outputs, feedback=sent)


@given(steps, texts)
def test_a_graph_read_back_gives_the_same_document(program, text):
    graph = graph_of(program, text)
    document = to_json(graph)
    written = json_text(graph)
    assert json.loads(written) == json.loads(json.dumps(document))
    again = from_json(json.loads(written))
    assert json_text(again) == written
    assert [again.line(c, length=10**6) for c in again.calls] == [
        graph.line(c, length=10**6) for c in graph.calls
    ]
    assert [again.name_of(n) for n in again.nodes()] == [graph.name_of(n) for n in graph.nodes()]


@given(steps, texts)
def test_feedback_on_a_graph_read_back_reaches_the_same_parameters(program, text):
    graph = graph_of(program, text)
    if not graph.calls:
        return
    again = from_json(to_json(graph))
    mine, its = (g.calls[-1].backward(text).subgraph() for g in (graph, again))
    assert [graph.name_of(p) for p in mine.parameters] == [again.name_of(p) for p in its.parameters]
    assert len(mine.calls) == len(its.calls)


@given(steps, texts)
def test_every_graph_can_be_drawn(program, text):
    graph = graph_of(program, text)
    for draw in (to_html, to_dot, to_mermaid):
        draw(graph).encode()
