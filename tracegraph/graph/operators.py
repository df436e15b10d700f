"""The recorded operators as functions, for what Python's syntax cannot say on nodes.

``cond(node < 3, a, b)`` or ``make_list(a, b)`` give nodes where ``if`` and ``[a, b]`` would not.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from tracegraph.graph import arithmetic as _a
from tracegraph.graph.containers import apply_deep
from tracegraph.graph.node import CLONE
from tracegraph.graph.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracegraph.graph.node import MessageNode


def _recorded(operation: Operation) -> Callable[..., MessageNode[Any]]:
    def function(*args: Any, **kwargs: Any) -> MessageNode[Any]:
        return apply_deep(operation, args, kwargs)

    function.__name__ = function.__qualname__ = operation.name
    function.__doc__ = operation.description
    return function


def _new(name: str, fun: Callable[..., Any], description: str) -> Callable[..., MessageNode[Any]]:
    return _recorded(Operation(fun, name=name, description=description))


def _made(kind: type) -> Callable[..., Any]:
    return lambda *items: kind(items)


def _without_last(x: dict[Any, Any]) -> dict[Any, Any]:
    return dict(list(x.items())[:-1])


def _popped(x: list[Any], index: int = -1) -> list[Any]:
    return [item for i, item in enumerate(x) if i != index % len(x)]


def _inserted(x: list[Any], index: int, y: Any) -> list[Any]:
    return [*x[:index], y, *x[index:]]


def _set_without(x: set[Any], y: Any) -> set[Any]:
    rest = set(x)
    rest.remove(y)
    return rest


def _removed(x: list[Any], y: Any) -> list[Any]:
    i = x.index(y)
    return [*x[:i], *x[i + 1 :]]


clone = _recorded(CLONE)
identity = _new("identity", lambda x: x, "x itself.")
pos, neg, abs_, invert = map(_recorded, (_a.POS, _a.NEG, _a.ABS, _a.INVERT))
round_, floor, ceil, trunc = map(_recorded, (_a.ROUND, _a.FLOOR, _a.CEIL, _a.TRUNC))
add, subtract, multiply = map(_recorded, (_a.ADD, _a.SUBTRACT, _a.MULTIPLY))
floor_divide, divide, mod = map(_recorded, (_a.FLOOR_DIVIDE, _a.DIVIDE, _a.MOD))
node_divmod, power, matmul = map(_recorded, (_a.DIVMOD, _a.POWER, _a.MATMUL))
lshift, rshift = map(_recorded, (_a.LSHIFT, _a.RSHIFT))
and_, or_, xor = map(_recorded, (_a.AND, _a.OR, _a.XOR))
lt, le, eq, neq, ge, gt = map(_recorded, (_a.LT, _a.LE, _a.EQ, _a.NEQ, _a.GE, _a.GT))
ne = neq

cond = _new("cond", lambda condition, x, y: x if condition else y, "x if condition else y")
not_ = _new("not_", operator.not_, "not x")
is_ = _new("is_", operator.is_, "x is y")
is_not = _new("is_not", operator.is_not, "x is not y")
in_ = _new("in_", lambda x, y: x in y, "x in y")
not_in = _new("not_in", lambda x, y: x not in y, "x not in y")

getitem, len_ = map(_recorded, (_a.GETITEM, _a.LEN))
node_getattr, call = map(_recorded, (_a.GETATTR, _a.CALL))
pop = _new("pop", lambda x, index=-1: x[index], "The item of x at index.")
ord_ = _new("ord_", ord, "The code point of a character.")
chr_ = _new("chr_", chr, "The character of a code point.")
concat = _new("concat", operator.add, "x followed by y.")
lower, upper, title = (_recorded(_a.method_operation(n)) for n in ("lower", "upper", "title"))
swapcase, capitalize = (_recorded(_a.method_operation(n)) for n in ("swapcase", "capitalize"))
split, strip, replace = (_recorded(_a.method_operation(n)) for n in ("split", "strip", "replace"))
format_ = _recorded(_a.method_operation("format"))
join = _new("join", lambda x, *y: x.join(y), "The texts y with x between them.")

to_list, keys, values = map(_recorded, (_a.TO_LIST, _a.KEYS, _a.VALUES))
to_dict = _new("to_dict", dict, "x as a dict.")
to_set = _new("to_set", set, "x as a set.")
to_tuple = _new("to_tuple", tuple, "x as a tuple.")
make_list = _new("make_list", _made(list), "A list of the arguments.")
make_set = _new("make_set", _made(set), "A set of the arguments.")
make_tuple = _new("make_tuple", _made(tuple), "A tuple of the arguments.")
make_dict = _new("make_dict", lambda **items: items, "A dict of the arguments.")

# Containers are never changed in place: each of these returns a new one.
dict_update = _new("dict_update", lambda x, y: {**x, **y}, "x with the items of y.")
dict_pop = _new("dict_pop", lambda x, key: {k: v for k, v in x.items() if k != key}, "x less key.")
dict_popitem = _new("dict_popitem", _without_last, "x without its last item.")
list_append = _new("list_append", lambda x, y: [*x, y], "x with y at its end.")
list_clear = _new("list_clear", lambda x: [], "An empty list.")
list_extend = _new("list_extend", lambda x, y: [*x, *y], "x followed by the items of y.")
list_insert = _new("list_insert", _inserted, "x with y at index.")
list_pop = _new("list_pop", _popped, "x without the item at index.")
list_remove = _new("list_remove", _removed, "x without the first y.")
list_reverse = _new("list_reverse", lambda x: x[::-1], "x from its end.")
list_sort = _new(
    "list_sort", lambda x, key=None, reverse=False: sorted(x, key=key, reverse=reverse), "x sorted."
)
set_add = _new("set_add", lambda x, y: {*x, y}, "x with y.")
set_clear = _new("set_clear", lambda x: set(), "An empty set.")
set_discard = _new("set_discard", lambda x, y: x - {y}, "x without y, if it is there.")
set_intersection_update = _new(
    "set_intersection_update", lambda x, y: x & set(y), "What x and y share."
)
set_pop = _new("set_pop", lambda x: set(list(x)[1:]), "x without one item.")
set_remove = _new("set_remove", _set_without, "x without y, which must be there.")
set_update = _new("set_update", lambda x, y: x | set(y), "x with the items of y.")
set_symmetric_difference_update = _new(
    "set_symmetric_difference_update", lambda x, y: x ^ set(y), "What only one of x and y has."
)
