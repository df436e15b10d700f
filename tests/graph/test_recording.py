import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import ANY

import pytest

import tracegraph as tg
from tracegraph.graph import FeedbackError, GraphError, RecordingClosedError
from tracegraph.graph.export import from_json


@tg.bundle
def fetch(key):
    """Look it up."""
    return {"text": f"document about {key}", "tags": [f"the {key} tag", "x"]}


@tg.bundle
def summarise(text, limit=100):
    return f"summary of {text}"[:limit]


@tg.bundle
def count_items(items):
    return len(items)


@tg.bundle
async def later(text):
    await asyncio.sleep(0)
    return f"later: {text}"


def lines(run):
    graph = run.graph()
    return [graph.line(call) for call in graph.calls]


def test_native_values_flow_and_identity_finds_the_origin():
    with tg.record() as run:
        document = fetch("cats and dogs")
        assert type(document) is dict
        answer = summarise(document["text"])
        assert type(answer) is str
    assert lines(run) == [
        "fetch0 = fetch(key='cats and dogs')",
        "getitem0 = getitem(x=fetch0, index='text')",
        "summarise0 = summarise(text=getitem0)",
    ]
    assert not any(node.inferred for node in run.nodes)
    assert run.outputs == [run.nodes[-1]]
    assert run.node_of(answer) is run.nodes[-1]


def test_containers_built_by_the_program_are_looked_into():
    with tg.record() as run:
        a, b = summarise("first thing"), summarise("second thing")
        count_items({"parts": [a, (b,)], "n": 3})
    (call,) = run.outputs
    assert [n.name for n in call._parents] == ["summarise0", "summarise1"]
    assert list(call.inputs) == ["items['parts'][0]", "items['parts'][1][0]"]


def test_parameters_are_found_by_being_read():
    prompt = tg.node("Answer politely: ", trainable=True, name="prompt")
    limit = tg.node(50, trainable=True, name="limit")

    @tg.bundle
    def ask(question):
        return prompt.data + question

    with tg.record() as run:
        first = ask("why is it so?")
        summarise(first, limit)
    ask_node, last = run.nodes
    assert ask_node.inputs["prompt"] is prompt
    assert last.inputs["limit"] is limit
    assert run.parameters == [prompt, limit]
    assert not ask_node.inferred
    sent = run.feedback(first, "rude")
    assert prompt.feedback == (sent,)
    assert limit.feedback == ()


def test_a_parameter_composed_outside_of_calls_is_an_inferred_edge():
    prompt = tg.node("Answer politely: ", trainable=True, name="prompt")
    unused = tg.node("Never mentioned here", trainable=True, name="unused")
    with tg.record() as run:
        assert unused.data
        summarise(prompt.data + "why?")
    (node,) = run.nodes
    assert node._parents == (prompt,)
    assert node.inferred == {"text~prompt"}


def test_a_text_made_from_a_recorded_text_is_an_inferred_edge():
    with tg.record() as run:
        a = summarise("  a long enough text ")
        summarise(a.upper().lower().strip() + "!")
    first, second = run.nodes
    assert second._parents == (first,)
    assert second.inferred


def test_values_that_identity_cannot_decide_are_marked():
    @tg.bundle
    def check(text):
        return True

    @tg.bundle
    def act(flag, n):
        return [flag]

    @tg.bundle
    def small():
        return 3

    with tg.record() as run:
        act(check("some text"), small())
    act_node = run.nodes[-1]
    assert {p.operation.name for p in act_node._parents} == {"check", "small"}
    assert act_node.inferred == {"flag", "n"}
    with tg.record() as run:
        act(True, 3)
    assert run.nodes[0]._parents == ()


def test_the_same_object_from_two_calls_is_marked():
    shared = ["one object"]

    @tg.bundle
    def first():
        return shared

    @tg.bundle
    def second():
        return shared

    with tg.record() as run:
        a = first()
        second()
        summarise(a)
    assert run.nodes[-1].inferred == {"text"}


def test_inner_calls_belong_to_the_outer_one():
    @tg.bundle
    def outer(key):
        return summarise(fetch(key)["text"])

    with tg.record() as run:
        answer = outer("fish and chips")
        summarise(answer)
    outer_node, last = run.nodes
    assert last._parents == (outer_node,)
    assert not last.inferred
    assert [n.operation.name for n in run.inner(outer_node)] == ["fetch", "getitem", "summarise"]


def test_errors_pass_unchanged_and_are_recorded():
    @tg.bundle
    def fails(text):
        raise KeyError("missing")

    with tg.record() as run, pytest.raises(KeyError) as caught:
        fails(summarise("a long text"))
    (failed,) = run.failed
    assert run.node_of(caught.value) is failed
    assert failed.data == "(KeyError) 'missing'"
    assert [p.operation.name for p in failed._parents] == ["summarise"]


def test_async_calls_and_tasks():
    async def main():
        async with tg.record() as run:
            texts = await asyncio.gather(*[later(f"text number {i}") for i in range(5)])
            summarise(texts)
        return run

    run = asyncio.run(main())
    assert len(run.nodes) == 6
    assert len(run.outputs[0]._parents) == 5


def test_generators_pass_native_items():
    @tg.bundle
    def words(text):
        yield from text.split()

    with tg.record() as run:
        for word in words("splendid occasions"):
            summarise(word)
    assert [n.operation.name for n in run.nodes] == ["words", "summarise"] * 2
    # One word looks like an identifier, so the interpreter may share it.
    assert run.nodes[1]._parents == (run.nodes[0],)


def test_two_recordings_in_tasks_and_threads_do_not_mix():
    async def one(tag):
        with tg.record(name=tag) as run:
            for i in range(5):
                await later(f"{tag} has text {i}")
        return run

    async def main():
        return await asyncio.gather(*[one(f"task {i}") for i in range(10)])

    def threaded(tag):
        with tg.record(name=tag) as run:
            for i in range(5):
                summarise(f"{tag} has text {i}")
        return run

    runs = asyncio.run(main())
    with ThreadPoolExecutor(8) as pool:
        runs += pool.map(threaded, [f"thread {i}" for i in range(10)])
    for run in runs:
        assert len(run.nodes) == 5
        assert all(run.name in node.inputs["text"].data for node in run.nodes)


def test_a_thread_joins_the_recording_when_bound_to_it():
    with ThreadPoolExecutor(2) as pool, tg.record() as run:
        pool.submit(run.bind(summarise), "in a thread, bound").result()
        pool.submit(contextvars.copy_context().run, summarise, "in a copied context").result()
        outside = pool.submit(summarise, "in a bare thread").result()
    assert len(run.nodes) == 2
    assert isinstance(outside, tg.Node)


def test_nested_recordings_record_for_themselves():
    with tg.record(name="outer") as outer:
        summarise("this one is outer")
        with tg.record(name="inner") as inner:
            summarise("this one is inner")
        summarise("outer once again")
    assert len(inner.nodes) == 1
    assert len(outer.nodes) == 2


def test_names_start_afresh_in_each_recording():
    def run_once():
        with tg.record() as run:
            summarise(fetch("some key")["text"])
        return [node.name for node in run.nodes]

    assert run_once() == run_once() == ["fetch0", "getitem0", "summarise0"]


def test_nodes_can_flow_in_a_recording_too():
    with tg.record("nodes") as run:
        x = tg.node("abcdefgh", name="x")
        y = summarise(x)
        z = y + "!"
    assert isinstance(z, tg.Node)
    assert run.nodes == [y, z]
    assert (y.name, z.name) == ("summarise0", "add0")
    with pytest.raises(GraphError, match="flow"):
        tg.record("values")


def test_a_recording_ends():
    @tg.bundle
    async def forever(text):
        await asyncio.sleep(0.01)
        return text

    async def main():
        with tg.record() as run:
            task = asyncio.create_task(forever("too late a text"))
        with pytest.raises(RecordingClosedError, match="has ended"):
            await task
        return run

    run = asyncio.run(main())
    assert run.nodes == []
    with pytest.raises(RecordingClosedError, match="make a new one"), run:
        pass


def test_feedback_on_what_was_not_recorded():
    with tg.record() as run:
        answer = summarise("a long text")
    with pytest.raises(GraphError, match="no recorded call"):
        run.feedback("a text from elsewhere", "bad")
    assert run.feedback(answer, "good").outputs == [run.nodes[0]]
    with pytest.raises(FeedbackError, match="no parents in the record"):
        run.feedback(tg.node(3), "bad")


def test_feedback_on_a_call_of_constants():
    with tg.record() as run:
        answer = summarise("a long text")
    assert run.feedback(answer, "good").order == run.nodes


def test_the_values_that_parameters_had_are_kept():
    k = tg.node(7, trainable=True, name="k")
    with tg.record() as run:
        summarise("a long text", k)
        k.update(9)
        summarise("another long text", k)
    assert run.read == [(k, 7)]


def test_stop_tracing_inside_a_native_recording():
    with tg.record() as run:
        with tg.stop_tracing():
            assert type(summarise("not recorded at all")) is str
        summarise("recorded as usual")
    assert len(run.nodes) == 1


def test_traceable_code_is_seen_through():
    @tg.bundle(traceable_code=True)
    def pipeline(key):
        return summarise(fetch(key)["text"])

    with tg.record() as run:
        answer = pipeline("fish and chips")
        summarise(answer)
    assert [n.operation.name for n in run.nodes] == ["fetch", "getitem", "summarise", "summarise"]


def test_values_are_the_recordings_own_and_run_side_by_side():
    prompt = tg.node("old {}", trainable=True, name="prompt")
    limit = tg.Parameter(0.5, name="limit", low=0, high=1)

    @tg.bundle
    def ask(prompt, text):
        return prompt.format(text)

    @tg.bundle(trainable=True)
    def decide(answer, limit):
        return len(answer) * limit

    async def one(values):
        with tg.record(values=values) as run:
            await asyncio.sleep(0)
            result = decide(ask(prompt, "you"), limit)
        shown = from_json(run.judged(result, "too short", 0.0).to_json())
        return result, {p.name: p.data for p in shown.parameters}, shown.feedback.text()

    async def all_of_them():
        code = "def decide(answer, limit):\n    return 'learned'\n"
        return await asyncio.gather(
            one({prompt: "new {}!", limit: 1}), one({}), one({decide.parameter: code})
        )

    new, plain, learned = asyncio.run(all_of_them())
    assert new == (8, {"prompt": "new {}!", "limit": 1, "__code_decide": ANY}, "too short")
    assert plain == (3.5, {"prompt": "old {}", "limit": 0.5, "__code_decide": ANY}, "too short")
    assert learned[0] == "learned"
    assert (prompt.data, limit.data, prompt.feedback) == ("old {}", 0.5, ())
    with pytest.raises(tg.TracegraphError, match="between 0 and 1"):
        tg.record(values={limit: 3})
    with pytest.raises(tg.TracegraphError, match="by parameter, and 'limit' is a str"):
        tg.record(values={"limit": 0.3})


@pytest.mark.parametrize("value", [["a"], [], {"k": 1}, 3, True, None, "", "some text", 0.25])
def test_a_parameter_read_outside_is_found_again_as_an_argument(value: object) -> None:
    parameter = tg.node(value, name="p", trainable=True)
    with tg.record() as run:
        same(parameter.data)
    assert run.judged(run.nodes[0], "").parameters == [parameter]


@pytest.mark.parametrize(("value", "other"), [(["a"], ["b"]), ("text", "another one"), (3, 4)])
def test_also_with_a_value_of_the_recording(value: object, other: object) -> None:
    parameter = tg.node(value, name="p", trainable=True)
    with tg.record(values={parameter: other}) as run:
        same(parameter.data)
    graph = run.judged(run.nodes[0], "")
    assert graph.parameters == [parameter]
    assert graph.value_of(parameter) == other


@pytest.mark.parametrize(
    ("template", "fill"),
    [
        ("Is this spam?\n{message}\nAnswer:", lambda t: t.format(message="buy now")),
        ("Is this %s spam?", lambda t: t % "thing"),
        ("Answer as {{}} for {message}", lambda t: t.format(message="a\nb")),
        ("  Be brief and polite.\n", lambda t: f"{t.strip()} Question: why?"),
    ],
)
def test_a_template_is_found_again_in_what_was_made_from_it(template, fill) -> None:
    parameter = tg.node(template, name="p", trainable=True)
    for value in (template, f"Please! {template}"):
        with tg.record(values={parameter: value}) as run:
            same(fill(parameter.data))
        assert run.judged(run.nodes[0], "").parameters == [parameter]
        assert run.nodes[0].inferred == {"x~p"}


def test_the_items_of_a_list_are_found_again_in_a_text() -> None:
    demos = tg.node(["in: a, out: b", "in: c, out: d"], name="demos", trainable=True)
    with tg.record() as run:
        same("Like these:\n" + "\n".join(demos.data))
    assert run.judged(run.nodes[0], "").parameters == [demos]


def test_other_texts_are_not_made_from_it() -> None:
    parameter = tg.node("Is this spam? {message} Answer:", name="p", trainable=True)
    with tg.record() as run:
        parameter.data.upper()
        same("Answer: yes. Is this spam?")
    assert run.judged(run.nodes[0], "").parameters == []


@tg.bundle
def same(x: object) -> object:
    return [x]
