"""Compiled graphs are recorded as they are: the same results, and who wrote what."""

import asyncio
import itertools
import operator
from typing import Annotated, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("langgraph")
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, Send, interrupt
from pydantic import BaseModel

import tracegraph as tg
from tracegraph.errors import TracegraphError
from tracegraph.integrations.langgraph import as_node, trace_graph

WRITER = "Write about {question} now."


class State(TypedDict, total=False):
    question: str
    notes: Annotated[list[str], operator.add]
    draft: str
    good: bool


def search(state):
    """Look it up."""
    return {"notes": ["found " + state["question"]]}


async def think(state):
    await asyncio.sleep(0)
    return {"notes": ["thought of " + state["question"]]}


def guess(state):
    return {"notes": ["guessed " + state["question"]]}


def write(state):
    text = WRITER.format(question=state["question"])
    return {"draft": f"{text} {'; '.join(state['notes'])}", "good": False}


def polish(state):
    return {"draft": state["draft"].upper()}


def route(state):
    return END if state["good"] else "polish"


def make(second=guess, **options):
    graph = StateGraph(State)
    for name, fun in {"search": search, "guess": second, "write": write, "polish": polish}.items():
        graph.add_node(name, fun)
    graph.add_edge(START, "search")
    graph.add_edge(START, "guess")
    graph.add_edge(["search", "guess"], "write")
    graph.add_conditional_edges("write", route, ["polish", END])
    graph.add_edge("polish", END)
    return graph.compile(**options)


def lines(run):
    graph = run.graph()
    return [graph.line(node) for node in graph.calls]


EXPECTED = [
    "search0 = search(question='the moon', notes=[])",
    "guess0 = guess(question='the moon', notes=[])",
    "join_notes0 = join_notes(values_0=getitem0, values_1=getitem1)",
    "write0 = write(question='the moon', notes=join_notes0, WRITER=WRITER)",
    "route0 = route(draft=getitem2, good=getitem3, question='the moon', notes=join_notes0)",
    "polish0 = polish(question='the moon', notes=join_notes0, draft=getitem2, good=getitem3, "
    "chosen_by=route0)",
]


def calls_of(run):
    # Parallel nodes end in any order; the items are numbered by who was asked first.
    return sorted(line for line in lines(run) if " = getitem(" not in line)


def test_a_graph_is_recorded_and_does_what_it_did():
    app = make()
    traced = trace_graph(app, prompts={"write": "WRITER"})
    given = {"question": "the moon"}
    with tg.record() as run:
        result = traced.invoke(given)
    assert result == app.invoke(given) == traced.invoke(given)
    assert calls_of(run) == sorted(EXPECTED)
    assert all(not node.inferred for node in run.nodes)
    (prompt,) = traced.parameters()
    run.feedback(result["draft"], "Too loud.")
    assert [f.texts for f in prompt.feedback] == [["Too loud."]]


async def test_async_and_streams_give_what_the_plain_graph_gives():
    app = make(think)
    traced = trace_graph(app)
    given = {"question": "the moon"}
    with tg.record() as run:
        assert await traced.ainvoke(given) == await app.ainvoke(given)
        chunks = [chunk async for chunk in traced.astream(given, stream_mode="values")]
    assert chunks == [chunk async for chunk in app.astream(given, stream_mode="values")]
    assert [n.name for n in run.nodes if n.name.startswith("polish")] == ["polish0", "polish1"]
    plain = make()
    with tg.record():
        updates = list(trace_graph(plain).stream(given, stream_mode="updates"))
    assert sorted(map(str, updates)) == sorted(map(str, plain.stream(given, stream_mode="updates")))


async def test_runs_side_by_side_in_one_recording_do_not_mix():
    traced = trace_graph(make(think))
    with tg.record() as run:
        results = await asyncio.gather(
            *(traced.ainvoke({"question": f"topic number {i}"}) for i in range(8))
        )
    for i, result in enumerate(results):
        node = run.node_of(result["draft"])
        seen, todo = set(), [node]
        while todo:
            each = todo.pop()
            if id(each) not in seen:
                seen.add(id(each))
                todo += each.parents
                value = str(each.data).lower()
                assert "topic number" not in value or f"topic number {i}" in value


def test_values_of_a_recording_take_the_place_of_prompts():
    traced = trace_graph(make(), prompts={"write": tg.Parameter(WRITER, name="style")})
    (style,) = traced.parameters()
    with tg.record(values={style: "Sing of {question}!"}):
        assert traced.invoke({"question": "tea"})["draft"].startswith("SING OF TEA!")
    assert traced.invoke({"question": "tea"})["draft"].startswith("WRITE ABOUT TEA NOW.")
    style.update("Shout: {question}.")
    assert traced.invoke({"question": "tea"})["draft"].startswith("SHOUT: TEA.")
    assert make().invoke({"question": "tea"})["draft"].startswith("WRITE ABOUT TEA NOW.")


class Poet:
    def __init__(self):
        self.prompt = "Rhyme about it."
        self.calls = 0

    def __call__(self, state):
        self.calls += 1
        return {"draft": f"{self.prompt} {state['question']}"}


def of_closure(prompt):
    return lambda state: {"draft": f"{prompt} {state['question']}"}


def of_constant(state):
    return {"draft": " ".join(["Rhyme about it.", state["question"]])}


def of_default(state, *, prompt="Rhyme about it."):
    return {"draft": f"{prompt} {state['question']}"}


@pytest.mark.parametrize(
    "node",
    [Poet(), Poet().__call__, of_closure("Rhyme about it."), of_constant, of_default],
    ids=["object", "method", "closure", "constant", "default"],
)
def test_prompts_are_found_where_they_stand(node):
    graph = StateGraph(State)
    graph.add_node("poet", node)
    graph.add_edge(START, "poet")
    app = graph.compile()
    prompt = tg.Parameter("Rhyme about it.", name="prompt")
    traced = trace_graph(app, prompts={"poet": prompt})
    assert traced.invoke({"question": "x"}) == app.invoke({"question": "x"})
    with tg.record(values={prompt: "Be brief."}) as run:
        assert traced.invoke({"question": "x"})["draft"] == "Be brief. x"
    assert run.parameters == [prompt]
    if isinstance(node, Poet):
        assert node.calls == 3, "what the node keeps on itself is kept"
        assert node.prompt == "Rhyme about it."


def test_what_is_not_there_is_named():
    with pytest.raises(TracegraphError, match=r"no text called 'EDITOR'; texts with names: WRITER"):
        trace_graph(make(), prompts={"write": "EDITOR"})
    with pytest.raises(TracegraphError, match="no node writer; its nodes: __start__, search"):
        trace_graph(make(), prompts={"writer": "WRITER"})
    with pytest.raises(TracegraphError, match=r"call \.compile"):
        trace_graph(StateGraph(State))


def test_interrupt_and_resume_keep_the_origins():
    def ask(state):
        return {"good": interrupt("Is it good?") == "yes"}

    graph = StateGraph(State)
    graph.add_node("write", write)
    graph.add_node("ask", ask)
    graph.add_node("polish", polish)
    graph.add_edge(START, "write")
    graph.add_edge("write", "ask")
    graph.add_conditional_edges("ask", route, ["polish", END])
    traced = trace_graph(graph.compile(checkpointer=InMemorySaver()))
    config = {"configurable": {"thread_id": "1"}}
    with tg.record() as run:
        stopped = traced.invoke({"question": "tea", "notes": ["a note"]}, config)
        assert stopped["__interrupt__"][0].value == "Is it good?"
        assert traced.get_state(config).next == ("ask",)
        traced.invoke(Command(resume="no"), config)
    assert run.failed == []
    assert [n.name for n in run.nodes if not n.name.startswith("getitem")] == [
        "write0", "ask0", "route0", "polish0",
    ]  # fmt: skip
    polished = run.nodes[-1]
    assert polished.inputs["draft"].parents[0].name == "write0", "a copy from the checkpoint"
    assert polished.inputs["good"].parents[0].name == "ask0"
    assert set(traced.get_state(config).metadata) == {"source", "step", "parents"}


def test_sends_and_commands():
    class Topics(TypedDict, total=False):
        topics: list[str]
        jokes: Annotated[list[str], operator.add]
        best: str

    def plan(state):
        return {"topics": ["cats and dogs", "tea and milk"]}

    def each(state):
        return [Send("joke", {"topic": topic}) for topic in state["topics"]]

    def joke(state):
        return {"jokes": [f"A joke of {state['topic']}."]}

    def choose(state) -> Command:
        return Command(update={"best": state["jokes"][0]}, goto="tell")

    def tell(state):
        return {"best": state["best"] + " Ha!"}

    graph = StateGraph(Topics)
    for fun in (plan, joke, tell):
        graph.add_node(fun)
    graph.add_node("choose", choose, destinations=("tell",))
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", each, ["joke"])
    graph.add_edge("joke", "choose")
    app = graph.compile()
    with tg.record() as run:
        result = trace_graph(app).invoke({})
    assert result == app.invoke({})
    named = {node.name: node for node in run.nodes}
    assert named["joke0"].inputs["chosen_by"] is named["each0"]
    assert (
        named["joke0"].inputs["topic"].parents[0].name == "plan0"
        or named["joke0"].inputs["topic"].parents[0].parents[0].name == "plan0"
    )
    assert named["tell0"].inputs["chosen_by"] is named["choose0"]
    assert named["tell0"].inputs["best"].data == result["best"].removesuffix(" Ha!")


def test_nested_graphs_are_recorded_in_place():
    inner = StateGraph(State)
    inner.add_node("polish", polish)
    inner.add_node("sign", lambda state: {"draft": state["draft"] + " (signed)"})
    inner.add_edge(START, "polish")
    inner.add_edge("polish", "sign")
    outer = StateGraph(State)
    outer.add_node("write", write)
    outer.add_node("edit", inner.compile())
    outer.add_node("check", lambda state: {"good": len(state["draft"]) > 3})
    outer.add_edge(START, "write")
    outer.add_edge("write", "edit")
    outer.add_edge("edit", "check")
    app = outer.compile()
    traced = trace_graph(app)
    given = {"question": "tea", "notes": ["one"]}
    with tg.record() as run:
        assert traced.invoke(given) == app.invoke(given)
    named = {node.name: node for node in run.nodes}
    assert named["polish0"].inputs["draft"].parents[0].name == "write0"
    assert named["check0"].inputs["draft"].parents[0].name == "sign0"
    assert len(list(traced.get_subgraphs())) == 1


def test_messages_and_tools():
    def weather(city: str) -> str:
        """Tell the weather."""
        return f"It rains in {city}."

    def model(state):
        if isinstance(state["messages"][-1], HumanMessage):
            call = {"name": "weather", "args": {"city": "Oslo"}, "id": "1"}
            return {"messages": [AIMessage("", tool_calls=[call])]}
        return {"messages": [AIMessage("Take an umbrella: " + state["messages"][-1].content)]}

    def then(state):
        return "tools" if state["messages"][-1].tool_calls else END

    graph = StateGraph(MessagesState)
    graph.add_node("model", model)
    graph.add_node("tools", ToolNode([weather]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", then, ["tools", END])
    graph.add_edge("tools", "model")
    app = graph.compile()
    given = {"messages": [SystemMessage("Be kind."), HumanMessage("Weather in Oslo?")]}
    with tg.record() as run:
        result = trace_graph(app).invoke(given)
    assert [m.content for m in result["messages"]] == [
        m.content for m in app.invoke(given)["messages"]
    ]
    names = [n.name for n in run.nodes if not n.name.startswith(("getitem", "join"))]
    assert names == ["model0", "then0", "weather0", "tools0", "model1", "then1"]
    last = run.node_of(result["messages"][-1])
    assert {"model0", "weather0", "tools0", "model1"} <= {n.name for n in ancestors(last)}


def ancestors(node):
    found, todo = {}, [node]
    while todo:
        each = todo.pop()
        if id(each) not in found:
            found[id(each)] = each
            todo += each.parents
    return found.values()


def test_state_classes_errors_and_replay():
    class Model(BaseModel):
        number: int
        text: str = ""

    factor = tg.Parameter(2, name="factor")

    def double(state: Model):
        return {"number": state.number * factor.data}

    def spell(state: Model):
        return {"text": str(10 // state.number)}

    graph = StateGraph(Model)
    graph.add_node("double", double)
    graph.add_node("spell", spell)
    graph.add_edge(START, "double")
    graph.add_edge("double", "spell")
    traced = trace_graph(graph.compile())
    with tg.record() as run:
        assert traced.invoke({"number": 1})["text"] == "5"
    assert lines(run)[0] == "double0 = double(number=1, text='', factor=factor)"
    replay = run.replay(factor, 5)
    assert replay.errors == {}
    assert [node.name for node in replay.rerun][-1] == "spell0"
    assert replay._values[id(run.nodes[-1])] == {"text": "2"}
    with tg.record() as failing, pytest.raises(ZeroDivisionError):
        traced.invoke({"number": 0})
    assert failing.failed[0].text.startswith("(ZeroDivisionError)")
    assert factor in ancestors(failing.failed[0])


async def test_agents_are_nodes():
    class FakeAgent:
        name = "answerer"

        async def run(self, task, *, seed=0, on_event=None):
            from tracegraph.agents.episode import Episode

            return Episode("answerer", "none", "1", answer=task + "!", reward=1.0)

    graph = StateGraph(State)
    graph.add_node("answer", as_node(FakeAgent(), lambda s: s["question"], "draft"))
    graph.add_edge(START, "answer")
    with tg.record() as run:
        result = await trace_graph(graph.compile()).ainvoke({"question": "why"})
    assert result["draft"] == "why!"
    assert run.nodes[0].description == "The agent 'answerer' works on a task."


@given(st.lists(st.lists(st.sampled_from(["a b", "c d", "e f"]), max_size=3), max_size=4))
def test_what_parallel_nodes_wrote_is_joined_as_the_graph_joins_it(written):
    graph = StateGraph(State)
    graph.add_node("end", lambda state: {"draft": "/".join(state["notes"])})
    for i, notes in enumerate(written):
        graph.add_node(f"n{i}", lambda state, notes=notes: {"notes": notes})
        graph.add_edge(START, f"n{i}")
        graph.add_edge(f"n{i}", "end")
    graph.add_edge(START if not written else "n0", "end")
    traced = trace_graph(graph.compile())
    with tg.record() as run:
        result = traced.invoke({"question": "?", "notes": ["first one"]})
    assert result["draft"] == "/".join(["first one", *itertools.chain(*written)])
    (end,) = [node for node in run.nodes if node.name.startswith("end")]
    joined = end.inputs["notes"]
    assert joined.data == ["first one", *itertools.chain(*written)]
    if any(written):
        made = joined.operation.fun(*[getattr(p, "data", p) for p in joined._args])
        assert made == joined.data, "the record can be run again"
