import math
import operator

import pytest

import tracegraph as tg
from tracegraph import operators as ops

BINARY = [
    operator.add, operator.sub, operator.mul, operator.floordiv, operator.truediv, operator.mod,
    operator.pow, operator.lshift, operator.rshift, operator.and_, operator.or_, operator.xor,
    operator.lt, operator.le, operator.gt, operator.ge, divmod,
]  # fmt: skip
UNARY = [operator.pos, operator.neg, abs, operator.invert, math.floor, math.ceil, math.trunc, round]


@pytest.mark.parametrize("op", BINARY)
def test_binary_operators_are_recorded_from_both_sides(op):
    x, y = tg.node(13), tg.node(5)
    both, left, right = op(x, y), op(x, 5), op(13, y)
    for result in (both, left, right):
        assert type(result) is tg.MessageNode
        assert result.data == op(13, 5)
    assert both.parents == [x, y]
    assert left._parents == (x,)
    assert right._parents == (y,)


@pytest.mark.parametrize("op", UNARY)
def test_unary_operators_are_recorded(op):
    x = tg.node(-7)
    result = op(x)
    assert result.data == op(-7)
    assert result._parents == (x,)


def test_round_takes_digits():
    assert round(tg.node(3.14159), 2).data == 3.14


def test_indexing_attributes_and_methods():
    x = tg.node({"a": [1, 2]}, name="x")
    item = x["a"][1]
    assert item.data == 2
    assert [n.operation.name for n in (item, item.parents[0])] == ["getitem", "getitem"]
    assert tg.node(3 + 4j).imag.data == 4
    shout = tg.node("hi {}").format(tg.node("you")).upper()
    assert shout.data == "HI YOU"
    assert shout.operation.name == "upper"
    assert len(shout.parents[0]._parents) == 2


def test_a_method_takes_containers_of_nodes():
    parts = [tg.node("a"), "b"]
    joined = tg.node("-").join(parts)
    assert joined.data == "a-b"
    assert parts[0] in list(joined.parents)


def test_attributes_that_the_value_does_not_have():
    with pytest.raises(AttributeError, match="nothing"):
        tg.node(3).nothing
    with pytest.raises(AttributeError):
        tg.node(3).keys()


def test_calling_a_function_in_a_node():
    f = tg.node(max)
    result = f(tg.node(3), 8)
    assert result.data == 8
    assert result.operation.name == "call"


def test_iteration_over_list_tuple_text_dict_and_set():
    for value in ([1, 2], (1, 2), "ab"):
        x = tg.node(value)
        items = list(x)
        assert [i.data for i in items] == list(value)
        assert all(i.parents[0] is x for i in items)
    d = tg.node({"a": 1})
    assert [k.data for k in d] == ["a"]
    (key, value), *_ = d.items()
    assert (key.data, value.data) == ("a", 1)
    assert d.values().data == [1]
    assert sorted(i.data for i in tg.node({3, 4})) == [3, 4]


def test_iterating_over_a_number_is_a_recorded_error():
    with pytest.raises(tg.ExecutionError, match="cannot iterate"):
        iter(tg.node(3))


def test_a_failing_operator_is_a_node_too():
    x = tg.node(1)
    with pytest.raises(tg.ExecutionError) as caught:
        x / 0
    made = caught.value.exception_node
    assert isinstance(made, tg.ExceptionNode)
    assert made.data == "(ZeroDivisionError) division by zero"
    assert made._parents == (x,)


def test_functions_for_what_syntax_cannot_say():
    a, b = tg.node(1), tg.node(2)
    assert ops.cond(a < b, a, b).data == 1
    assert ops.not_(a).data is False
    assert ops.in_(a, [1, 2]).data is True
    made = ops.make_list(a, 5, b)
    assert made.data == [1, 5, 2]
    assert made._parents == (a, b)
    assert ops.make_dict(x=a).data == {"x": 1}
    assert ops.concat(tg.node("x"), "y").data == "xy"
    assert ops.join(tg.node(","), "a", tg.node("b")).data == "a,b"
    assert ops.list_append(tg.node([1]), b).data == [1, 2]
    assert ops.is_(a, a).data is True


def test_container_functions_leave_the_original_alone():
    x = tg.node([3, 1, 2])
    assert ops.list_sort(x).data == [1, 2, 3]
    assert ops.list_pop(x).data == [3, 1]
    assert ops.list_insert(x, 0, 9).data == [9, 3, 1, 2]
    assert ops.list_remove(x, 1).data == [3, 2]
    assert x.data == [3, 1, 2]
    d = tg.node({"a": 1, "b": 2})
    assert ops.dict_pop(d, "a").data == {"b": 2}
    assert ops.dict_popitem(d).data == {"a": 1}
    assert d.data == {"a": 1, "b": 2}
    with pytest.raises(tg.ExecutionError, match="KeyError"):
        ops.set_remove(tg.node({1}), 2)
