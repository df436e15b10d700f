import asyncio

import pytest

import tracegraph as tg
from tracegraph.graph import GraphError
from tracegraph.graph.replay import areplay, replay


class Counted:
    """Counts how often each function ran."""

    def __init__(self):
        self.calls = {}

    def __call__(self, fun):
        def counted(*args, **kwargs):
            self.calls[fun.__name__] = self.calls.get(fun.__name__, 0) + 1
            return fun(*args, **kwargs)

        counted.__name__ = fun.__name__
        return tg.bundle(counted)


@pytest.fixture
def counted():
    return Counted()


@pytest.mark.parametrize("flow", ["native", "nodes"])
def test_only_what_is_downstream_runs_again(counted, flow):
    left = counted(lambda_named("left", lambda x: [x + 1.5]))
    right = counted(lambda_named("right", lambda x: [x * 2.5]))
    join = counted(lambda_named("join", lambda a, b: a + b))
    with tg.record(flow) as run:
        out = join(left(1000), right(2000))
    left_node, right_node, join_node = run.nodes
    made = run.replay(left_node, [7])
    assert made.value(join_node) == [7, 5000.0]
    assert made.outputs == {join_node: [7, 5000.0]}
    assert made.rerun == [join_node]
    assert counted.calls == {"left": 1, "right": 1, "join": 2}
    assert made.value(right_node) == [5000.0]
    assert run.node_of(out).data == [1001.5, 5000.0]


def lambda_named(name, fun):
    fun.__name__ = name
    return fun


def test_a_parameter_that_was_passed_or_read(counted):
    prompt = tg.node("a long prompt: ", trainable=True, name="prompt")
    k = tg.node(2, trainable=True, name="k")

    @counted
    def ask(question):
        return prompt.data + question

    @counted
    def cut(text, k):
        return text[:k]

    with tg.record() as run:
        cut(ask("why?"), k)
    ask_node, cut_node = run.nodes
    assert run.replay(prompt, "Hm. ").value(ask_node) == "Hm. why?"
    assert run.replay(prompt, "Hm. ").value(cut_node) == "Hm"
    assert run.replay(k, 4).value(cut_node) == "a lo"
    assert counted.calls == {"ask": 3, "cut": 4}
    assert prompt.data == "a long prompt: "


def test_parameters_have_the_values_that_they_had():
    k = tg.node(2, trainable=True)

    @tg.bundle
    def cut(text):
        return text[: k.data]

    with tg.record() as run:
        text = tg.bundle(lambda: "a long text")()
        cut(text)
    k.update(5)
    assert run.replay(text, "another text").value(run.nodes[-1]) == "an"
    assert k.data == 5


def test_attributes_of_the_receiver_and_inner_calls():
    class Agent:
        def __init__(self):
            self.weight = tg.node(3, trainable=True)

        @tg.bundle
        def inner(self, x, w):
            return [x[0] * w]

        @tg.bundle
        def act(self, x):
            return [self.inner(x, self.weight), self.weight.data]

    agent = Agent()
    with tg.record() as run:
        agent.act([10])
    (node,) = run.nodes
    assert node.data == [[30], 3]
    assert run.replay(agent.weight, 5).value(node) == [[50], 5]


def test_learned_code_is_replaced_by_its_source():
    @tg.bundle(trainable=True)
    def f(x):
        return [x]

    with tg.record() as run:
        f(1000)
    (node,) = run.nodes
    made = run.replay(f.parameter, "def f(x):\n    return [x + 1]\n")
    assert made.value(node) == [1001]
    assert f.parameter.data == f.parameter.original


def test_errors_and_what_needed_the_result():
    @tg.bundle
    def invert(x):
        return [1 / x[0]]

    @tg.bundle
    def show(y):
        return f"result: {y}"

    with tg.record() as run:
        x = tg.bundle(lambda: [4.0])()
        show(invert(x))
    _, invert_node, show_node = run.nodes
    made = run.replay(x, [0.0])
    assert isinstance(made.errors[invert_node], ZeroDivisionError)
    assert made.not_computed == [show_node]
    assert made.outputs == {}
    with pytest.raises(GraphError, match="not computed"):
        made.value(show_node)
    with pytest.raises(GraphError, match="failed in the replay"):
        made.value(invert_node)


def test_a_call_that_failed_may_succeed():
    @tg.bundle
    def invert(x):
        return [1 / x[0]]

    with tg.record() as run:
        x = tg.bundle(lambda: [0.0])()
        with pytest.raises(ZeroDivisionError):
            invert(x)
    assert run.replay(x, [2.0]).value(run.nodes[-1]) == [0.5]


def test_limit_and_skip(counted):
    step = counted(lambda_named("step", lambda x: [x[0] + 1]))
    with tg.record() as run:
        value = first = step([1000])
        for _ in range(5):
            value = step(value)
    made = replay(run, {run.node_of(first): [0]}, limit=2)
    assert len(made.rerun) == 2
    assert len(made.not_computed) == 3
    last = run.nodes[-1]
    made = replay(run, {run.node_of(first): [0]}, skip=lambda node: node is last)
    assert made.not_computed == [last]


def test_guessed_edges_are_not_followed():
    @tg.bundle
    def first():
        return "a text that is long enough"

    @tg.bundle
    def second(text):
        return [text]

    with tg.record() as run:
        second(first().upper().lower() + " and more")
    made = run.replay(run.nodes[0], "something else")
    assert made.uncertain == [run.nodes[1]]
    assert made.rerun == []


def test_items_of_generators_and_parts_of_results(counted):
    @tg.bundle
    def words(text):
        counted.calls["words"] = counted.calls.get("words", 0) + 1
        for word in text["words"]:
            yield [word]

    @tg.bundle
    def make():
        return {"words": ["first word", "second word"], "other": ["kept"]}

    @tg.bundle
    def shout(word):
        return word[0].upper()

    with tg.record() as run:
        made = make()
        for word in words(made):
            shout(word)
        shout(made["other"])
    result = run.replay(made, {"words": ["one word", "two words"], "other": ["new"]})
    assert list(result.outputs.values()) == ["ONE WORD", "TWO WORDS", "NEW"]
    assert counted.calls["words"] == 2


def test_async_calls_with_and_without_a_loop():
    @tg.bundle
    async def later(x):
        await asyncio.sleep(0)
        return [x[0] + 1]

    async def main():
        with tg.record() as run:
            first = await later([1000])
            await later(first)
        made = run.replay(first, [5])
        again = await areplay(run, {run.node_of(first): [6]})
        return run, made.value(run.nodes[-1]), again.value(run.nodes[-1])

    run, inside, awaited = asyncio.run(main())
    assert (inside, awaited) == ([6], [7])
    assert run.replay(run.nodes[0], [8]).value(run.nodes[-1]) == [9]


def test_concurrent_replays_do_not_mix():
    k = tg.node(0, trainable=True)

    @tg.bundle
    async def later(x):
        first = k.data
        await asyncio.sleep(0.001)
        assert k.data == first
        return [x, first]

    async def main():
        with tg.record() as run:
            await later("some text")
        made = await asyncio.gather(*[areplay(run, {k: i}) for i in range(20)])
        return [m.value(run.nodes[0]) for m in made]

    assert asyncio.run(main()) == [["some text", i] for i in range(20)]
    assert k.data == 0
