import pytest

import tracegraph as tg
from tracegraph.graph import CycleError, FeedbackError, sum_feedback


def test_feedback_reaches_every_parameter_and_only_those_upstream():
    a = tg.node(1, trainable=True, name="a")
    b = tg.node(2, trainable=True, name="b")
    other = tg.node(3, trainable=True, name="other")
    y = (a + 1) * b
    sent = y.backward("too low", score=0.2)
    assert sent.parameters == [a, b]
    assert [f.text() for f in a.feedback] == ["too low"]
    assert sent.scores == [0.2]
    assert other.feedback == ()


def test_feedback_on_a_value_without_origin():
    for node in (tg.node(1), tg.node(1, trainable=True)):
        with pytest.raises(FeedbackError, match="no parents in the record"):
            node.backward("bad")
        assert node.feedback == ()
    with pytest.raises(FeedbackError, match=r"run\.feedback"):
        tg.backward([3], ["bad"])


def test_feedback_can_be_given_again_and_forgotten():
    x = tg.node(1, trainable=True)
    y = x + 1
    y.backward("one")
    y.backward("two")
    assert [f.text() for f in x.feedback] == ["one", "two"]
    x.zero_feedback()
    assert x.feedback == ()


def test_inner_nodes_keep_feedback_only_when_asked():
    x = tg.node(1)
    y = x + 1
    z = y * 2
    z.backward("one")
    assert y.feedback == ()
    z.backward("two", retain_graph=True)
    assert [f.text() for f in y.feedback] == ["two"]
    assert z.feedback
    assert len(x.feedback) == 2


def test_several_outputs_with_their_own_feedback():
    x = tg.node(1, trainable=True)
    y, z = x + 1, x * 3
    sent = tg.backward([y, z], ["low", "high"], scores=[0.1, {"cost": 2.0}])
    assert len(x.feedback) == 1
    assert sent.text() == "ID [0]: low\nID [1]: high"
    assert len(sent.subgraph().calls) == 2
    with pytest.raises(FeedbackError, match="2 outputs with 1 feedbacks"):
        tg.backward([y, z], ["low"])


def test_shapes_that_break_quadratic_propagation():
    x = tg.node(1.0, trainable=True)
    diamond = x
    for _ in range(300):
        diamond = diamond + diamond * 0.5
    chain = x
    for _ in range(100_000):
        chain = chain + 1
    fan = tg.operators.make_list(*[x + i for i in range(3_000)])
    for output, calls in ((diamond, 600), (chain, 100_000), (fan, 3_001)):
        sent = output.backward("f")
        assert len(sent.order) == calls
        assert len(sent.subgraph().calls) == calls
    parameters = [tg.node(i, trainable=True) for i in range(3_000)]
    total = tg.operators.make_list(*parameters)
    assert len(total.backward("f").parameters) == 3_000


def test_a_cycle_by_mutation_is_told_and_changes_nothing():
    x = tg.node(1, trainable=True, name="x")
    y = x + 1
    z = y + 1
    y._add_parent(z)
    with pytest.raises(CycleError, match="lead back"):
        z.backward("bad")
    assert x.feedback == ()


def test_a_parent_added_later_is_no_cycle():
    x = tg.node(1, trainable=True)
    y = x + 1
    late = tg.node(2, trainable=True) + 5
    y._add_parent(late, "late")
    sent = y.backward("f")
    assert [n is late for n in sent.order] == [True, False]
    assert y.inputs["late"] is late


def test_the_minimal_subgraph_of_one_parameter():
    a = tg.node(1, trainable=True, name="a")
    b = tg.node(2, trainable=True, name="b")
    left = a + 1
    right = b * 2
    top = left + right
    sent = top.backward("f")
    only_a = sent.subgraph([a])
    assert only_a.calls == [left, top]
    assert only_a.parameters == [a]
    # What does not depend on a is a value that was there: an input.
    assert only_a.inputs == [right]
    assert sent.subgraph().calls == [left, right, top]


def test_a_cut_subgraph_says_what_it_left_out():
    x = tg.node(0, trainable=True, name="x")
    nodes = [x + 1]
    for _ in range(99):
        nodes.append(nodes[-1] + 1)
    cut = nodes[-1].backward("f").subgraph(limit=10)
    assert len(cut.calls) == 10
    assert cut.left_out == 90
    # Nearest to either end: the first calls after the parameter, the last before the output.
    assert cut.calls[0] is nodes[0]
    assert cut.calls[-1] is nodes[-1]
    assert "90 calls left out" in repr(cut)


def test_names_of_a_subgraph_do_not_depend_on_what_ran_before():
    def build():
        x = tg.node(1, trainable=True, name="x")
        y = x + 1
        graph = (y * y).backward("f").subgraph()
        return [graph.line(call) for call in graph.calls]

    first = build()
    for _ in range(5):
        tg.node(1) + 1
    assert build() == first == ["add0 = add(x=x, y=1)", "multiply0 = multiply(x=add0, y=add0)"]


def test_lines_show_containers_constants_and_code():
    @tg.bundle
    def use(items, text, table):
        return len(items)

    a = tg.node("v", name="a")
    graph = use([a, 1], "x" * 300, {"k": a}).backward("f").subgraph([a])
    (line,) = [graph.line(c) for c in graph.calls]
    assert line.startswith("use0 = use(items=[a, 1], text='xxx")
    assert "more)…" in line
    assert line.endswith("table={'k': a})")


def test_names_are_unique_even_when_the_given_ones_are_not():
    a, b = tg.node(1, trainable=True, name="p"), tg.node(2, trainable=True, name="p")
    graph = (a + b).backward("f").subgraph()
    names = [graph.name_of(p) for p in graph.parameters]
    assert names[0] == "p"
    assert len(set(names)) == 2


def test_a_propagator_decides_what_passes():
    x, y = tg.node(1, trainable=True), tg.node(2, trainable=True)
    z = (x + y) * x
    sent = z.backward(2.0, propagator=sum_feedback)
    assert sent.received[id(x)] == [2.0, 2.0]
    assert sent.received[id(y)] == [2.0]
    sent = z.backward("slow", propagator=lambda node, got: {p: f"{got[0]}>" for p in node.parents})
    assert sorted(sent.received[id(x)]) == ["slow>", "slow>>"]


def test_feedback_from_an_error_explains_itself():
    x = tg.node(0, trainable=True)
    with pytest.raises(tg.ExecutionError) as caught:
        1 / x
    sent = caught.value.exception_node.backward()
    assert "division by zero" in sent.text()
    assert x.feedback == (sent,)
