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
    assert list(made.not_computed) == [show_node]
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
    assert len(made.rerun) == made.calls == 2
    assert list(made.not_computed) == run.nodes[3:]
    assert "limit of 2" in made.not_computed[run.nodes[3]]
    assert run.replay(first, [0], limit=2).calls == 2
    last = run.nodes[-1]
    made = replay(run, {run.node_of(first): [0]}, skip=lambda node: node is last)
    assert made.not_computed == {last: "it was to be skipped"}


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


def test_what_comes_after_a_guess_is_uncertain_too():
    @tg.bundle
    def text(first):
        return f"a text about {first}, long enough"

    @tg.bundle
    def wrap(text):
        return [text]

    @tg.bundle
    def pair(a, b):
        return [a, b]

    with tg.record() as run:
        first = text("cats")
        pair(wrap(f"{first} and more"), wrap(first))
    text_node, guessed, sure, pair_node = run.nodes
    made = run.replay(text_node, "another text")
    assert made.rerun == [sure, pair_node]
    assert made.uncertain == [guessed, pair_node]
    assert made.value(pair_node)[1] == ["another text"]


def test_an_argument_that_may_be_the_value_is_assumed_to_be():
    @tg.bundle
    def small():
        return 7

    @tg.bundle
    def double(x):
        return x * 2

    with tg.record() as run:
        double(small())
    made = run.replay(run.nodes[0], 8)
    assert made.value(run.nodes[1]) == 16
    assert made.assumed == [run.nodes[1]]


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


def test_a_generator_that_fails_midway_or_has_no_end(counted):
    @tg.bundle
    def source():
        return {"numbers": [1, 2, 0]}

    @tg.bundle
    def parts(whole):
        for number in whole["numbers"]:
            yield [12 // number]
        while True:
            yield ["more"]

    with tg.record() as run, pytest.raises(ZeroDivisionError):
        list(parts(source()))
    node, one, two, failed = run.nodes
    better = run.replay(node, {"numbers": [3, 4, 6]})
    assert [better.value(n) for n in (one, two, failed)] == [[4], [3], [2]]
    assert better.calls == 1
    worse = run.replay(node, {"numbers": [3, 0, 6]})
    assert worse.value(one) == [4]
    assert isinstance(worse.errors[two], ZeroDivisionError)
    assert isinstance(worse.errors[failed], ZeroDivisionError)


def test_a_generator_with_fewer_items_than_before():
    @tg.bundle
    def source():
        return ["first", "second"]

    @tg.bundle
    def words(items):
        for item in items:
            yield [item]

    with tg.record() as run:
        list(words(source()))
    made = run.replay(run.nodes[0], ["only"])
    assert made.value(run.nodes[1]) == ["only"]
    assert "only 1 items" in made.not_computed[run.nodes[2]]
    assert list(made.values) == run.nodes[:2]


def test_async_generators():
    @tg.bundle
    async def source():
        return ["first", "second"]

    @tg.bundle
    async def words(items):
        for item in items:
            await asyncio.sleep(0.001)
            yield [item]

    async def main():
        with tg.record() as run:
            return run, [item async for item in words(await source())]

    run, _ = asyncio.run(main())
    assert list(run.replay(run.nodes[0], ["a", "b"]).outputs.values()) == [["a"], ["b"]]


def test_nothing_in_the_record_changes():
    @tg.bundle
    def source():
        return {"items": [3, 1, 2]}

    @tg.bundle
    def other():
        return [["kept"]]

    @tg.bundle
    def use(data, more, constant):
        data["items"].sort()
        more[0].append("seen")
        constant.append(len(data["items"]))
        return [data["items"][0], len(constant)]

    with tg.record() as run:
        use(source(), other(), [])
    before = repr([(n.data, n._args) for n in run.nodes])
    value = {"items": [9, 8]}
    made = run.replay(run.nodes[0], value)
    assert made.value(run.nodes[2]) == [8, 2]
    assert value == {"items": [9, 8]}
    assert repr([(n.data, n._args) for n in run.nodes]) == before


def test_traceable_code_works_on_nodes():
    @tg.bundle(traceable_code=True)
    def double(a):
        return a + a.data

    with tg.record("nodes") as run:
        start = tg.bundle(lambda: 3)()
        out = double(start)
    assert run.replay(start, 10).value(out) == 20


def test_what_ran_before_the_recording_runs_again_too():
    start = tg.node(3)
    before = start + 4
    with tg.record("nodes") as run:
        out = tg.bundle(lambda x: x * 2)(before)
    assert run.replay(start, 10).value(out) == 28


def test_truth_length_and_equality_are_those_of_the_replay():
    mode = tg.node("fast", trainable=True)
    flags = tg.node([1, 2], trainable=True)

    @tg.bundle(allow_external_dependencies=True)
    def run_it(x):
        return [x, mode == "fast", len(flags), [item.data for item in flags], mode.data, flags.data]

    with tg.record("nodes") as run:
        out = run_it("text")
    made = replay(run, {mode: "slow", flags: [1, 2, 3]})
    assert made.value(out) == ["text", False, 3, [1, 2, 3], "slow", [1, 2, 3]]


def test_what_cannot_be_replaced_is_named():
    @tg.bundle
    def inner(x):
        return [x]

    @tg.bundle
    def outer(x):
        return [*inner(x), "more"]

    with tg.record() as run:
        outer("text")
    (node,) = run.nodes
    with pytest.raises(GraphError, match="inside the body of outer0"):
        run.replay(run.inner(node)[0], ["other"])
    with pytest.raises(GraphError, match="not part of recording 'run'"):
        run.replay(node.inputs["x"], "other")
    k = tg.node(3, trainable=True, high=5)
    with tg.record() as run:
        inner(k)
    with pytest.raises(tg.TracegraphError, match="5"):
        run.replay(k, 9)


def test_a_plain_function_may_return_something_to_wait_for(counted):
    async def work(x):
        await asyncio.sleep(0.001)
        return [x[0] * 2]

    start = tg.bundle(lambda: [1])
    later = counted(lambda_named("later", work))

    async def main():
        with tg.record() as run:
            value = start()
            coroutine = later(value)
            await coroutine
        return run, run.replay(value, [21]).value(run.nodes[-1])

    run, inside = asyncio.run(main())
    assert inside == [42]
    assert run.replay(run.nodes[0], [4]).value(run.nodes[-1]) == [8]
    assert counted.calls == {"later": 3}


def test_async_calls_with_and_without_a_loop():
    @tg.bundle
    async def later(x):
        await asyncio.sleep(0.001)
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
