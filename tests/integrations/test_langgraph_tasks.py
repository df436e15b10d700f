"""The functional API: tasks are calls, and the code between them passes values on."""

import asyncio

import pytest

pytest.importorskip("langgraph")
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.types import Command, RetryPolicy, interrupt

import tracegraph as tg
from tracegraph.errors import TracegraphError
from tracegraph.integrations.langgraph import trace_graph

WRITER = "Write about {topic} now."


@task
def write(topic):
    """Write a line."""
    return WRITER.format(topic=topic)


@task
def join(texts):
    return "; ".join(texts)


@entrypoint()
def essay(topics):
    drafts = [write(topic) for topic in topics]
    return join([draft.result() for draft in drafts]).result()


@task
async def awrite(topic):
    await asyncio.sleep(0)
    return f"All of {topic}."


@task
async def both(topic):
    return await asyncio.gather(awrite(f"{topic} by day"), awrite(f"{topic} by night"))


@entrypoint()
async def diary(topic):
    return await join(await both(topic))


def names(run):
    return [node.name for node in run.nodes if not node.name.startswith("getitem")]


def above(node):
    found, todo = {}, [node]
    while todo:
        each = todo.pop()
        if id(each) not in found:
            found[id(each)] = each
            todo += each.parents
    return {each.name for each in found.values()}


def test_tasks_are_calls_and_their_prompts_parameters():
    given = ["the sea", "the sky"]
    traced = trace_graph(essay, prompts={"write": "WRITER"})
    (prompt,) = traced.parameters()
    with tg.record() as run:
        result = traced.invoke(given)
    assert result == essay.invoke(given) == traced.invoke(given)
    assert sorted(names(run)) == ["join0", "write0", "write1"]
    joined = run.node_of(result)
    assert joined.name == "join0"
    assert {"write0", "write1", "WRITER"} <= above(joined)
    assert not joined.inferred
    assert run.nodes[0].description == "Write a line."
    run.feedback(result, "Shorter.")
    assert {text for f in prompt.feedback for text in f.texts} == {"Shorter."}
    with tg.record(values={prompt: "{topic}!"}):
        assert traced.invoke(given) == "the sea!; the sky!"
    assert run.replay(prompt, "Sing of {topic}.").errors == {}
    assert list(traced.stream(given)) == list(essay.stream(given))


def test_what_is_not_there_is_named():
    with pytest.raises(TracegraphError, match="task 'write' reads no text called 'EDITOR'"):
        trace_graph(essay, prompts={"write": "EDITOR"})
    with pytest.raises(TracegraphError, match="no node editor; its nodes: essay"):
        trace_graph(essay, prompts={"editor": "WRITER"})


async def test_async_tasks_in_tasks_side_by_side():
    traced = trace_graph(diary)
    topics = [f"the garden number {i}" for i in range(4)]
    with tg.record() as run:
        results = await asyncio.gather(*(traced.ainvoke(topic) for topic in topics))
    assert results == [await diary.ainvoke(topic) for topic in topics]
    for topic, result in zip(topics, results, strict=True):
        joined = run.node_of(result)
        (source,) = joined.parents
        assert source.name.startswith("both")
        assert source.inputs["topic"].data == topic
    assert len([name for name in names(run) if name.startswith("both")]) == 4


def test_a_value_of_the_function_itself_depends_on_the_tasks_inside():
    @entrypoint()
    def count(topics):
        return sum(len(write(topic).result()) for topic in topics)

    traced = trace_graph(count, prompts={"write": "WRITER"})

    @tg.bundle
    def plan():
        return ["the sea", "the sky"]

    with tg.record() as run:
        assert traced.invoke(plan()) == 48
    assert names(run) == ["plan0", "write0", "write1", "count0"]
    assert {parent.name for parent in run.nodes[-1].parents} >= {"write0", "write1"}
    assert run.nodes[-1].inferred == {"inside~write0", "inside~write1"}
    replay = run.replay(traced.parameters()[0], "On {topic}.")
    assert replay.errors == {}
    assert replay.uncertain == [run.nodes[-1]], "what the function does with results is not known"
    assert run.replay(run.nodes[0], ["tea"]).value(run.nodes[-1]) == len("Write about tea now.")


def test_interrupt_resume_and_what_a_thread_remembers():
    ran = []

    @task
    def draft(topic):
        ran.append(topic)
        return {"text": f"a text about {topic}"}

    @task
    def mark(text, verdict):
        return f"{text}: {verdict}"

    @task
    def compare(now, before):
        return f"{now} (before: {before})"

    @entrypoint(checkpointer=InMemorySaver())
    def review(topic, *, previous=None):
        made = draft(topic).result()
        done = mark(made["text"], interrupt("Is it good?")).result()
        if previous is not None:
            done = compare(done, previous).result()
        return entrypoint.final(value=done, save=done)

    traced = trace_graph(review)
    config = {"configurable": {"thread_id": "1"}}
    with tg.record() as run:
        assert traced.invoke("the sea", config)["__interrupt__"][0].value == "Is it good?"
        first = traced.invoke(Command(resume="yes"), config)
        traced.invoke("the sky", config)
        second = traced.invoke(Command(resume="no"), config)
    assert first == "a text about the sea: yes"
    assert second == "a text about the sky: no (before: a text about the sea: yes)"
    assert ran == ["the sea", "the sky"], "a task that was done is not done again"
    assert run.failed == []
    assert names(run) == ["draft0", "mark0", "draft1", "mark1", "compare0"]
    named = {node.name: node for node in run.nodes}
    assert "draft0" in above(named["mark0"]), "the result is a copy from the checkpoint"
    assert {parent.name for parent in named["compare0"].parents} == {"mark0", "mark1"}


def test_errors_belong_to_the_task_and_retries_are_recorded():
    tries = []

    @task(retry_policy=RetryPolicy(max_attempts=2, initial_interval=0.01, retry_on=ValueError))
    def shaky(text):
        tries.append(text)
        if len(tries) == 1:
            raise ValueError("not yet")
        return text.upper()

    @task
    def broken(text):
        raise KeyError(text)

    @entrypoint()
    def work(text):
        done = shaky(text).result()
        try:
            return broken(done).result()
        except KeyError:
            return done

    with tg.record() as run:
        assert trace_graph(work).invoke("some text") == "SOME TEXT"
    assert [type(node).__name__ for node in run.nodes] == [
        "ExceptionNode", "MessageNode", "ExceptionNode",
    ]  # fmt: skip

    @entrypoint()
    def fails(text):
        return broken(text).result()

    with tg.record() as run, pytest.raises(KeyError):
        trace_graph(fails).invoke("some text")
    assert len(run.failed) == 1


def test_nothing_is_recorded_outside_and_values_still_reach_tasks():
    traced = trace_graph(essay, prompts={"write": tg.Parameter(WRITER, name="style")})
    (style,) = traced.parameters()
    style.update("Shout: {topic}!")
    assert traced.invoke(["tea"]) == "Shout: tea!"
    assert essay.invoke(["tea"]) == "Write about tea now."
