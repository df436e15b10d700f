"""The operators of a node: each one is a recorded operation on the native values."""

from __future__ import annotations

import functools
import math
import operator
from typing import TYPE_CHECKING, Any

from tracegraph.graph.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracegraph.graph.node import MessageNode

    Unary = Callable[[Any], MessageNode[Any]]
    Binary = Callable[[Any, Any], MessageNode[Any]]


def _unary(operation: Operation) -> Unary:
    def method(self: Any) -> MessageNode[Any]:
        return self._apply(operation, (self,))  # type: ignore[no-any-return]

    return method


def _binary(operation: Operation) -> Binary:
    def method(self: Any, other: Any) -> MessageNode[Any]:
        return self._apply(operation, (self, other))  # type: ignore[no-any-return]

    return method


def _reflected(operation: Operation) -> Binary:
    def method(self: Any, other: Any) -> MessageNode[Any]:
        return self._apply(operation, (other, self))  # type: ignore[no-any-return]

    return method


def _op(name: str, fun: Callable[..., Any], description: str, second: str = "y") -> Operation:
    return Operation(fun, name=name, description=description, arguments=("x", second))


def _round(x: Any, n: int | None = None) -> Any:
    return round(x) if n is None else round(x, n)


def _call(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return fun(*args, **kwargs)


POS = _op("pos", operator.pos, "+x")
NEG = _op("neg", operator.neg, "-x")
ABS = _op("abs", operator.abs, "The absolute value of x.")
INVERT = _op("invert", operator.invert, "~x")
ROUND = _op("round", _round, "x rounded to n digits.", "n")
FLOOR = _op("floor", math.floor, "The largest integer not above x.")
CEIL = _op("ceil", math.ceil, "The smallest integer not below x.")
TRUNC = _op("trunc", math.trunc, "x cut to an integer, towards zero.")
ADD = _op("add", operator.add, "x + y")
SUBTRACT = _op("subtract", operator.sub, "x - y")
MULTIPLY = _op("multiply", operator.mul, "x * y")
MATMUL = _op("matmul", operator.matmul, "x @ y")
FLOOR_DIVIDE = _op("floor_divide", operator.floordiv, "x // y")
DIVIDE = _op("divide", operator.truediv, "x / y")
MOD = _op("mod", operator.mod, "x % y")
DIVMOD = _op("divmod", divmod, "The quotient and the rest of x by y.")
POWER = _op("power", operator.pow, "x ** y")
LSHIFT = _op("lshift", operator.lshift, "x << y")
RSHIFT = _op("rshift", operator.rshift, "x >> y")
AND = _op("and_", operator.and_, "x & y")
OR = _op("or_", operator.or_, "x | y")
XOR = _op("xor", operator.xor, "x ^ y")
LT = _op("lt", operator.lt, "x < y")
LE = _op("le", operator.le, "x <= y")
EQ = _op("eq", operator.eq, "x == y")
NEQ = _op("neq", operator.ne, "x != y")
GE = _op("ge", operator.ge, "x >= y")
GT = _op("gt", operator.gt, "x > y")
GETITEM = _op("getitem", operator.getitem, "x[index]", "index")
GETATTR = _op("getattr", getattr, "The attribute of x with this name.", "name")
LEN = _op("len", len, "The length of x.")
TO_LIST = _op("to_list", list, "x as a list.")
KEYS = _op("keys", lambda x: list(x.keys()), "The keys of x as a list.")
VALUES = _op("values", lambda x: list(x.values()), "The values of x as a list.")
CALL = Operation(_call, name="call", description="fun(*args, **kwargs)")


@functools.lru_cache(maxsize=512)
def method_operation(name: str) -> Operation:
    """Return the operation that calls the method ``name`` of its first argument."""

    def method(x: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(x, name)(*args, **kwargs)

    return Operation(method, name=name, description=f"x.{name}(*args, **kwargs)")


class RecordedMethod:
    """A method of a node's value that is recorded when it is called."""

    __slots__ = ("_name", "_node")

    def __init__(self, node: Any, name: str) -> None:
        self._node = node
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> MessageNode[Any]:
        """Call the method and record it."""
        from tracegraph.graph.containers import apply_deep

        return apply_deep(method_operation(self._name), (self._node, *args), kwargs)


class NodeOperators:
    """Arithmetic, comparison, indexing, iteration, attributes and methods of nodes.

    ``==``, ``in``, ``len()`` and truth give native values, as Python demands; ``eq``, ``neq``
    and ``len`` as methods are their recorded forms.
    """

    __slots__ = ()

    __pos__ = _unary(POS)
    __neg__ = _unary(NEG)
    __abs__ = _unary(ABS)
    __invert__ = _unary(INVERT)
    __floor__ = _unary(FLOOR)
    __ceil__ = _unary(CEIL)
    __trunc__ = _unary(TRUNC)

    __add__ = _binary(ADD)
    __sub__ = _binary(SUBTRACT)
    __mul__ = _binary(MULTIPLY)
    __matmul__ = _binary(MATMUL)
    __floordiv__ = _binary(FLOOR_DIVIDE)
    __truediv__ = _binary(DIVIDE)
    __mod__ = _binary(MOD)
    __divmod__ = _binary(DIVMOD)
    __pow__ = _binary(POWER)
    __lshift__ = _binary(LSHIFT)
    __rshift__ = _binary(RSHIFT)
    __and__ = _binary(AND)
    __or__ = _binary(OR)
    __xor__ = _binary(XOR)

    __radd__ = _reflected(ADD)
    __rsub__ = _reflected(SUBTRACT)
    __rmul__ = _reflected(MULTIPLY)
    __rmatmul__ = _reflected(MATMUL)
    __rfloordiv__ = _reflected(FLOOR_DIVIDE)
    __rtruediv__ = _reflected(DIVIDE)
    __rmod__ = _reflected(MOD)
    __rdivmod__ = _reflected(DIVMOD)
    __rpow__ = _reflected(POWER)
    __rlshift__ = _reflected(LSHIFT)
    __rrshift__ = _reflected(RSHIFT)
    __rand__ = _reflected(AND)
    __ror__ = _reflected(OR)
    __rxor__ = _reflected(XOR)

    __lt__ = _binary(LT)
    __le__ = _binary(LE)
    __gt__ = _binary(GT)
    __ge__ = _binary(GE)
    eq = _binary(EQ)
    neq = _binary(NEQ)

    __getitem__ = _binary(GETITEM)
    getattr = _binary(GETATTR)
    len = _unary(LEN)

    def _apply(self, operation: Operation, args: tuple[Any, ...]) -> MessageNode[Any]:
        raise NotImplementedError

    def __round__(self, n: int | None = None) -> MessageNode[Any]:
        return self._apply(ROUND, (self, n))

    def __call__(self, *args: Any, **kwargs: Any) -> MessageNode[Any]:
        """Call the value, which is a function, and record it."""
        from tracegraph.graph.containers import apply_deep

        return apply_deep(CALL, (self, *args), kwargs)

    def call(self, fun: str, *args: Any, **kwargs: Any) -> MessageNode[Any]:
        """Call the method ``fun`` of the value, recorded."""
        return RecordedMethod(self, fun)(*args, **kwargs)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {key!r}")
        value = getattr(self._data, key)
        return RecordedMethod(self, key) if callable(value) else self._apply(GETATTR, (self, key))

    def __iter__(self) -> Iterator[MessageNode[Any]]:
        from tracegraph.graph.iterators import iterate

        return iterate(self)

    def items(self) -> Iterator[tuple[MessageNode[Any], MessageNode[Any]]]:
        """Iterate over a dict as pairs of recorded key and recorded value."""
        from tracegraph.graph.iterators import iterate_items

        return iterate_items(self)

    def keys(self) -> MessageNode[Any]:
        """Return the keys of a dict as one recorded list."""
        self._need("keys")
        return self._apply(KEYS, (self,))

    def values(self) -> MessageNode[Any]:
        """Return the values of a dict as one recorded list."""
        self._need("values")
        return self._apply(VALUES, (self,))

    def _need(self, method: str) -> None:
        value = self._data
        if not hasattr(value, method):
            raise AttributeError(f"{type(value).__name__!r} object has no attribute {method!r}")
