"""The tools of a ToolNode are calls of their own, and nothing changes for the graph."""

from typing import Annotated

import pytest

pytest.importorskip("langgraph")
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState, ToolNode, create_react_agent
from langgraph.types import Command, interrupt

import tracegraph as tg
from tracegraph.integrations.langgraph import trace_graph


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"It rains in {city}."


@tool
async def hour(city: str, state: Annotated[dict, InjectedState]) -> str:
    """Tell the time."""
    return f"Noon in {city}, after {len(state['messages'])} messages."


@tool
def fail(city: str) -> str:
    """Fail."""
    raise ValueError(f"there is no {city}")


def asks(*calls):
    made = [{"name": n, "args": {"city": c}, "id": f"{n} {c}"} for n, c in calls]
    return AIMessage("", tool_calls=made)


def make(calls, tools=(weather, hour, fail), checkpointer=None, **options):
    def model(state):
        if isinstance(state["messages"][-1], HumanMessage):
            return {"messages": [asks(*calls)]}
        told = [m.content for m in state["messages"] if isinstance(m, ToolMessage)]
        return {"messages": [AIMessage(" ".join(told))]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", model)
    graph.add_node("tools", ToolNode(list(tools), **options))
    graph.add_edge(START, "model")
    graph.add_conditional_edges(
        "model", lambda state: "tools" if state["messages"][-1].tool_calls else END, ["tools", END]
    )
    graph.add_edge("tools", "model")
    return graph.compile(checkpointer=checkpointer)


GIVEN = {"messages": [HumanMessage("What is it like there?")]}


def named(run):
    return {node.name: node for node in run.nodes}


def above(node):
    found, todo = {}, [node]
    while todo:
        each = todo.pop()
        if id(each) not in found:
            found[id(each)] = each
            todo += each.parents
    return {each.name for each in found.values()}


def told(result):
    return [message.content for message in result["messages"]]


async def test_each_tool_is_a_call_from_the_message_that_asked():
    app = make([("weather", "Oslo"), ("weather", "Rome"), ("hour", "Rome")])
    with tg.record() as run:
        result = await trace_graph(app).ainvoke(GIVEN)
    assert told(result) == told(await app.ainvoke(GIVEN))
    assert "Noon in Rome, after 2 messages." in told(result)
    nodes = named(run)
    cities = {nodes[name].inputs["city"].data for name in ("weather0", "weather1")}
    assert cities == {"Oslo", "Rome"}
    assert nodes["weather0"].description == "Tell the weather."
    for name in ("weather0", "weather1", "hour0"):
        (asked,) = (p for p in nodes[name].parents if p.name.startswith("getitem"))
        assert asked.data.tool_calls
        assert nodes["tools0"].inputs[f"result_{name}"] is nodes[name]
    assert {"weather0", "weather1", "hour0", "model0"} <= above(nodes["model1"])
    assert run.node_of(result["messages"][2]).name in ("weather0", "weather1")


def test_feedback_reaches_what_a_tool_read():
    style = tg.Parameter("It is {kind} in", name="style")

    @tool
    def describe(city: str) -> str:
        """Describe a city."""
        return f"{style.data.format(kind='wet')} {city}."

    traced = trace_graph(make([("describe", "Oslo")], [describe]))
    with tg.record() as run:
        result = traced.invoke(GIVEN)
    run.feedback(result["messages"][-1], "Too short.")
    assert [f.texts for f in style.feedback] == [["Too short."]]
    replay = run.replay(style, "How {kind} it is in")
    assert replay.errors == {}
    again = replay._values[id(named(run)["describe0"])]
    assert again.content == "How wet it is in Oslo."


def test_errors_stay_what_they_are():
    app = make([("fail", "Atlantis")])
    with tg.record() as run, pytest.raises(ValueError, match="no Atlantis"):
        trace_graph(app).invoke(GIVEN)
    assert [node.name.rstrip("0123456789") for node in run.failed][:1] == ["fail"]
    handled = make([("fail", "Atlantis"), ("nothing", "Oslo")], handle_tool_errors=True)
    with tg.record() as run:
        result = trace_graph(handled).invoke(GIVEN)
    assert told(result) == told(handled.invoke(GIVEN))
    assert run.failed == []
    assert {"fail0", "nothing0"} <= above(run.nodes[-1])


def test_wrappers_of_the_node_are_kept():
    def twice(request, execute):
        execute(request)
        changed = {**request.tool_call, "args": {"city": "Bergen"}}
        return execute(request.override(tool_call=changed))

    app = make([("weather", "Oslo")], wrap_tool_call=twice)
    with tg.record() as run:
        result = trace_graph(app).invoke(GIVEN)
    assert result["messages"][-1].content == "It rains in Bergen."
    assert [named(run)[f"weather{i}"].inputs["city"].data for i in (0, 1)] == ["Oslo", "Bergen"]


def test_a_tool_that_asks_a_person_runs_again():
    @tool
    def book(city: str) -> str:
        """Book a room."""
        return f"{city}: {interrupt('Really?')}"

    app = make([("book", "Oslo"), ("weather", "Oslo")], [book, weather], InMemorySaver())
    traced = trace_graph(app)
    config = {"configurable": {"thread_id": "1"}}
    with tg.record() as run:
        assert traced.invoke(GIVEN, config)["__interrupt__"][0].value == "Really?"
        result = traced.invoke(Command(resume="yes"), config)
    assert "Oslo: yes It rains in Oslo." in told(result)
    assert run.failed == []
    assert "book0" in above(run.nodes[-1])


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
def test_the_prebuilt_agent_sends_each_call_to_a_task_of_its_own():
    class FakeModel(GenericFakeChatModel):
        def bind_tools(self, tools, **options):
            return self

    def agent():
        answers = iter([asks(("weather", "Oslo"), ("weather", "Rome")), AIMessage("Rain.")])
        return create_react_agent(FakeModel(messages=answers), [weather])

    with tg.record() as run:
        result = trace_graph(agent()).invoke(GIVEN)
    assert told(result) == told(agent().invoke(GIVEN))
    assert {node.inputs["city"].data for name, node in named(run).items()
            if name.startswith("weather")} == {"Oslo", "Rome"}  # fmt: skip
    last = run.node_of(result["messages"][-1])
    assert {"weather0", "weather1", "agent0"} <= above(last)
