import copy
import gc
import weakref

import pytest

import tracegraph as tg
from tracegraph.graph import GraphError, ParameterError


def test_a_node_wraps_any_value_and_is_idempotent():
    x = tg.node([1, 2])
    assert x.data == [1, 2]
    assert x.type is list
    assert tg.node(x) is x


def test_a_name_that_is_given_stays_and_others_are_numbered():
    assert tg.node(1, name="threshold").name == "threshold"
    name = tg.node("text").name
    assert name.startswith("str")
    assert name[3:].isdigit()


def test_py_name_is_an_identifier():
    assert tg.node(1, name="top-k (max)").py_name.isidentifier()
    assert tg.node(1, name="3d").py_name.isidentifier()


def test_naming_a_node_again_warns_and_keeps_the_first_name():
    x = tg.node(1, name="x")
    with pytest.warns(UserWarning, match="ignored"):
        assert tg.node(x, name="y") is x
    assert x.name == "x"


def test_a_trainable_node_made_from_a_node_takes_its_value_and_name():
    p = tg.node(tg.node(3, name="k"), trainable=True)
    assert (p.data, p.name, p.trainable) == (3, "k", True)


def test_options_of_a_parameter_need_trainable():
    with pytest.raises(ParameterError, match="low"):
        tg.node(1, low=0)


def test_equality_truth_length_and_membership_are_native():
    x = tg.node([1, 2])
    assert x == [1, 2]
    assert x != tg.node([1])
    assert len(x) == 2
    assert 2 in x
    assert tg.node(2) in x
    assert not tg.node(0)
    assert [10, 20, 30][tg.node(1)] == 20


def test_formatting_gives_the_value():
    assert f"{tg.node(3.14159):.2f}" == "3.14"


def test_nodes_are_hashed_by_identity():
    a, b = tg.node(1), tg.node(1)
    assert len({a, b}) == 2


def test_parents_children_and_levels():
    x = tg.node(1.0, name="x")
    y = x + 1
    z = y * x
    assert [p.name for p in z.parents] == [y.name, "x"]
    assert x.children == [y, z]
    assert (x.level, y.level, z.level) == (0, 1, 2)
    assert x.is_root
    assert z.is_leaf


def test_parents_do_not_keep_their_children_alive():
    x = tg.node(1.0, trainable=True)
    gone = weakref.ref(x + 1)
    gc.collect()
    assert gone() is None
    assert x.children == []


def test_a_long_loop_on_one_parameter_does_not_grow():
    x = tg.node(1.0, trainable=True)
    for _ in range(20_000):
        x + 1
    assert len(x._children) < 200


def test_detach_and_deepcopy_forget_the_origin_and_copy_the_value():
    x = tg.node([1], name="x")
    y = x + [2]  # noqa: RUF005
    made = y.detach()
    assert made.data == [1, 2]
    assert made.parents == []
    made.data.append(3)
    assert y.data == [1, 2]
    assert copy.deepcopy(x).name == "x"


def test_clone_is_recorded():
    x = tg.node([1])
    y = x.clone()
    assert y.parents == [x]
    assert y.data is not x.data


def test_a_message_node_can_be_made_by_hand():
    x = tg.node(2, name="x")
    y = tg.MessageNode(4, inputs={"x": x}, description="[double] twice x", name="y")
    assert y.inputs == {"x": x}
    assert y.operation.name == "double"
    assert y.description == "twice x"
    y.backward("more")
    assert x.feedback


def test_a_message_node_refuses_inputs_that_are_not_nodes():
    with pytest.raises(GraphError, match="'x' is a int"):
        tg.MessageNode(4, inputs={"x": 2}, description="[double] twice x")


def test_info_tells_what_was_called():
    @tg.bundle
    def double(x, factor=2):
        """Twice x."""
        return x * factor

    info = double(tg.node(3)).info
    assert info["fun_name"] == "double"
    assert info["doc"] == "Twice x."
    assert "return x * factor" in info["source"]
    assert info["output"] == 6
