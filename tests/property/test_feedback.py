"""Random graphs: propagation equals reachability as networkx sees it."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

import tracegraph as tg


@st.composite
def graphs(draw):
    """Nodes in order; each call has 1 to 4 earlier parents, later ones sometimes added after."""
    roots = draw(st.integers(1, 6))
    nodes = [tg.node(i, trainable=draw(st.booleans()), name=f"r{i}") for i in range(roots)]
    edges = []
    for number in range(draw(st.integers(1, 30))):
        picks = draw(st.lists(st.integers(0, len(nodes) - 1), min_size=1, max_size=4))
        parents = [nodes[p] for p in picks]
        made = tg.MessageNode(
            number, inputs={f"x{i}": p for i, p in enumerate(parents)}, description="[op] any"
        )
        edges += [(id(p), id(made)) for p in parents]
        nodes.append(made)
    outputs = draw(st.lists(st.sampled_from(nodes[roots:]), min_size=1, max_size=3, unique_by=id))
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(map(id, nodes))
    return nodes, graph, outputs


@given(graphs())
def test_feedback_reaches_exactly_the_ancestors(made):
    nodes, graph, outputs = made
    sent = tg.backward(outputs, ["f"] * len(outputs))
    expected = {id(o) for o in outputs}.union(*(nx.ancestors(graph, id(o)) for o in outputs))
    assert {id(n) for n in [*sent.order, *sent.roots]} == expected
    place = {id(n): i for i, n in enumerate(sent.order)}
    for child in sent.order:
        for parent in child._parents:
            assert place.get(id(parent), -1) < place[id(child)]
    for node in nodes:
        assert bool(node.feedback) == (id(node) in expected and not node._is_call())


@given(graphs(), st.integers(1, 12))
def test_the_subgraph_of_a_parameter_is_what_lies_between(made, limit):
    nodes, graph, outputs = made
    sent = tg.backward(outputs, ["f"] * len(outputs))
    upstream = {id(o) for o in outputs}.union(*(nx.ancestors(graph, id(o)) for o in outputs))
    for parameter in [n for n in nodes if n.trainable]:
        between = nx.descendants(graph, id(parameter)) & upstream
        whole = sent.subgraph([parameter])
        assert {id(n) for n in whole.calls} == between
        cut = sent.subgraph([parameter], limit=limit)
        assert len(cut.calls) == min(limit, len(between))
        assert cut.left_out == len(between) - len(cut.calls)
        assert {id(n) for n in cut.calls} <= between
        assert len(set(cut.names.values())) == len(cut.names)


@given(graphs())
def test_a_propagator_visits_each_call_once(made):
    _, _, outputs = made
    visited = []

    def spread(node, received):
        visited.append(id(node))
        return dict.fromkeys(node.parents, "f")

    sent = tg.backward(outputs, ["f"] * len(outputs), propagator=spread)
    assert sorted(visited) == sorted(id(n) for n in sent.order)
