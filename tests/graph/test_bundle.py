import asyncio
import dataclasses
import functools
import inspect

import pytest

import tracegraph as tg
from tracegraph.graph import MissingInputsError


@tg.bundle
def double(x, factor=2):
    """Multiply x."""
    return x * factor


def test_with_and_without_parentheses_and_description():
    @tg.bundle()
    def plain(x):
        """What it does."""
        return x

    @tg.bundle("[Named] It says so.")
    def described(x):
        return x

    assert plain(1).description == "What it does."
    assert described(1).description == "It says so."
    assert described(1).operation.name == "Named"
    assert (plain.__name__, plain.__doc__) == ("plain", "What it does.")
    assert list(inspect.signature(double).parameters) == ["x", "factor"]


def test_a_call_is_one_node_with_named_inputs():
    x = tg.node(3, name="x")
    y = double(x)
    assert y.data == 6
    assert y.inputs["x"] is x
    assert y.inputs["factor"].data == 2
    assert y.parents[0] is x


def test_variable_arguments_are_named():
    @tg.bundle
    def f(*xs, **options):
        return len(xs) + len(options)

    a, b = tg.node(1), tg.node(2)
    assert list(f(a, 5, key=b).inputs) == ["xs_0", "xs_1", "key"]


def test_a_node_passed_twice_is_one_parent():
    x = tg.node(3)
    assert double(x, x)._parents == (x,)
    assert double(x, x).data == 9


def test_containers_of_nodes_are_unwrapped_and_recorded():
    @dataclasses.dataclass(frozen=True)
    class Point:
        x: object
        y: int

    @tg.bundle
    def total(items, table, point):
        assert not isinstance(items[0], tg.Node)
        return sum(items) + table["k"][0] + point.x + point.y

    a, b, c = tg.node(1), tg.node(2), tg.node(3)
    items = [a, 10]
    result = total(items, {"k": (b,)}, Point(c, 4))
    assert result.data == 1 + 10 + 2 + 3 + 4
    assert list(result.inputs) == ["items[0]", "table['k'][0]", "point.x"]
    assert items == [a, 10]
    assert items[0] is a


def test_plain_containers_are_passed_as_they_are():
    @tg.bundle
    def same(items):
        return items is plain

    plain = [1, [2, 3]]
    assert same(plain).data is True


def test_a_container_that_holds_itself_is_one_value():
    loop = []
    loop.append(loop)

    @tg.bundle
    def size(x):
        return len(x)

    assert size(loop).data == 1


def test_async_functions():
    @tg.bundle
    async def fetch(x):
        await asyncio.sleep(0)
        return x + 1

    assert inspect.iscoroutinefunction(fetch.__call__)
    assert asyncio.iscoroutinefunction(fetch)
    x = tg.node(1)

    async def main():
        return await asyncio.gather(fetch(x), fetch(2))

    a, b = asyncio.run(main())
    assert (a.data, b.data) == (2, 3)
    assert a._parents == (x,)


def test_generators_give_a_node_an_item():
    @tg.bundle
    def count(n):
        got = None
        for i in range(n):
            got = yield i if got is None else got

    n = tg.node(3)
    items = list(count(n))
    assert [i.data for i in items] == [0, 1, 2]
    assert all(i._parents == (n,) for i in items)
    talking = count(n)
    next(talking)
    assert talking.send("hello").data == "hello"


def test_generators_close_and_throw_reach_the_body():
    seen = []

    @tg.bundle
    def body():
        try:
            yield 1
        except ValueError:
            seen.append("thrown")
            yield 2
        finally:
            seen.append("closed")

    g = body()
    next(g)
    assert g.throw(ValueError()).data == 2
    g.close()
    assert seen == ["thrown", "closed"]


def test_async_generators():
    @tg.bundle
    async def count(n):
        for i in range(n):
            await asyncio.sleep(0)
            yield i

    async def main():
        return [item async for item in count(tg.node(3))]

    assert [i.data for i in asyncio.run(main())] == [0, 1, 2]


def test_methods_class_methods_static_methods_and_callables():
    class Tool:
        def __init__(self, k):
            self.k = k

        @tg.bundle
        def method(self, x):
            return x + self.k

        @tg.bundle
        @classmethod
        def on_class(cls, x):
            return (cls.__name__, x)

        @classmethod
        @tg.bundle
        def under_class(cls, x):
            return (cls.__name__, x)

        @staticmethod
        @tg.bundle
        def static(x):
            return x

        @tg.bundle
        @staticmethod
        def static_too(x):
            return x

        def __call__(self, x):
            return x - self.k

    x, tool = tg.node(5), Tool(2)
    assert tool.method(x).data == 7
    assert Tool.method(tool, x).data == 7
    assert tool.on_class(x).data == ("Tool", 5)
    assert Tool.under_class(x).data == ("Tool", 5)
    assert Tool.static(x).data == tool.static_too(x).data == 5
    assert tg.bundle(tool)(x).data == 3
    assert tg.bundle(functools.partial(max, 9))(x).data == 9
    assert tg.bundle(lambda v: v + 1)(x).data == 6


def test_errors_become_nodes_with_the_failing_line():
    @tg.bundle
    def divide(x):
        y = x - x
        return 1 / y

    x = tg.node(3)
    with pytest.raises(tg.ExecutionError) as caught:
        divide(x)
    made = caught.value.exception_node
    assert made.data == "(ZeroDivisionError) division by zero"
    assert "return 1 / y <--- (ZeroDivisionError) division by zero" in str(caught.value)
    assert made.create_feedback("full") == str(caught.value)
    assert "Traceback" in made.info["traceback"]
    made.backward()
    assert "return 1 / y <---" in x.feedback[0].text()


def test_errors_pass_when_they_are_not_caught():
    @tg.bundle(catch_execution_error=False)
    def fails(x):
        raise KeyError("k")

    with pytest.raises(KeyError):
        fails(1)


def test_an_error_in_an_inner_call_is_told_by_the_outer_one():
    @tg.bundle
    def inner(x):
        raise ValueError("deep")

    @tg.bundle
    def outer(x):
        return inner(x)

    with pytest.raises(tg.ExecutionError, match="deep") as caught:
        outer(tg.node(1))
    assert caught.value.exception_node.operation.name == "outer"


def test_nodes_that_are_read_but_not_passed():
    hidden = tg.node(10, name="hidden")

    @tg.bundle
    def strict(x):
        return x + hidden.data

    @tg.bundle(allow_external_dependencies=True)
    def lenient(x):
        return x + hidden.data

    with pytest.raises(MissingInputsError, match="hidden"):
        strict(tg.node(1))
    result = lenient(tg.node(1))
    assert result.data == 11
    assert result.inputs["hidden"] is hidden
    assert result.info["external_dependencies"] == [hidden]


def test_nodes_of_the_receiver_are_found_where_they_are_kept():
    class Agent:
        def __init__(self):
            self.prompt = tg.node("be kind", trainable=True, name="prompt")
            self.parts = {"tone": tg.node("warm", trainable=True, name="tone")}

        @tg.bundle
        def act(self, x):
            return f"{self.prompt.data} {self.parts['tone'].data} {x}"

    agent = Agent()
    result = agent.act("hi")
    assert result.data == "be kind warm hi"
    assert result.inputs["self.prompt"] is agent.prompt
    assert result.inputs["self.parts['tone']"] is agent.parts["tone"]


def test_what_inner_calls_take_counts_for_the_outer_one():
    weight = tg.node(3, trainable=True, name="weight")

    @tg.bundle
    def inner(x, w):
        return x * w

    @tg.bundle
    def outer(x):
        return inner(x, weight)

    result = outer(tg.node(2))
    assert result.data == 6
    assert weight in list(result.parents)
    result.backward("low")
    assert weight.feedback


def test_traceable_code_keeps_the_inner_graph():
    weight = tg.node(3, trainable=True, name="weight")

    @tg.bundle(traceable_code=True)
    def outer(x):
        assert isinstance(x, tg.Node)
        return x * weight + 1

    x = tg.node(2)
    result = outer(x)
    assert result.data == 7
    (inner,) = result.info["inner"]
    assert inner.operation.name == "add"
    assert [n.operation.name for n in inner.parents if n.parents] == ["multiply"]
    assert weight in list(result.parents)
    assert x in list(result.parents)


def test_several_outputs():
    @tg.bundle(n_outputs=2)
    def halves(x):
        return x[:2], x[2:]

    first, second = halves(tg.node("abcd"))
    assert (first.data, second.data) == ("ab", "cd")
    assert first.parents[0] is second.parents[0]


def test_recursion_can_stay_inside_one_node():
    @tg.bundle(overwrite_python_recursion=True)
    def fib(n):
        assert not isinstance(n, tg.Node)
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    result = fib(tg.node(9))
    assert result.data == 34
    assert type(result.data) is int


def test_options_for_code_need_trainable():
    with pytest.raises(TypeError, match="seconds"):
        tg.bundle(seconds=3)(len)
    with pytest.raises(TypeError, match="int"):
        tg.bundle()(3)


def test_bundling_twice_records_once():
    again = tg.bundle(double)
    assert again(tg.node(1))._parents[0].data == 1
