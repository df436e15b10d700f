"""Places: layers go down, nothing overlaps, and large graphs stay cheap."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tracegraph.graph.export.layout import HEIGHT, WIDTH, layered

graphs = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(
            st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda e: e[0] < e[1]),
            max_size=80,
        ),
    )
)


@given(graphs)
def test_edges_go_down_and_nodes_keep_apart(graph):
    count, edges = graph
    placed = layered(count, edges)
    for source, target in edges:
        assert placed.layer[source] < placed.layer[target]
        assert placed.y[source] + HEIGHT < placed.y[target]
    at = sorted(zip(placed.y, placed.x, strict=True))
    for (y1, x1), (y2, x2) in pairwise(at):
        assert y1 != y2 or x2 - x1 > WIDTH
    ends = {(s.source, s.target) for s in placed.segments if s.target >= 0}
    assert ends == set(edges)


def test_a_chain_is_straight():
    placed = layered(5, [(i, i + 1) for i in range(4)])
    assert max(placed.x) - min(placed.x) < 0.01


def test_two_pairs_do_not_cross():
    placed = layered(4, [(0, 3), (1, 2)])
    assert (placed.x[0] < placed.x[1]) == (placed.x[3] < placed.x[2])


def test_a_wide_layer_is_folded():
    placed = layered(301, [(i, 300) for i in range(300)])
    assert max(placed.x) - min(placed.x) < 25 * WIDTH


def test_one_parameter_of_many_calls_costs_one_trunk():
    count = 2000
    edges = [(0, i) for i in range(1, count)] + [(i, i + 1) for i in range(1, count - 1)]
    before = time.process_time()
    placed = layered(count, edges)
    assert time.process_time() - before < 10
    assert len(placed.segments) < 3 * count


def test_no_nodes_are_no_layout():
    assert layered(0, []).segments == []
