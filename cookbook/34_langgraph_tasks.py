"""LangGraph's tools and tasks, each recorded as a call: which of them made what.

Run it: python cookbook/34_langgraph_tasks.py

An agent with a ToolNode, then the functional API. A function stands in for the model; with a real
one the rest stays as it is. Needs: pip install 'tracegraph[langgraph]'
"""

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

import tracegraph as tg
from tracegraph.integrations.langgraph import trace_graph

STYLE = "{city}: take a coat."


def weather(city: str) -> str:
    """Tell the weather."""
    return f"It rains in {city}."


def hour(city: str) -> str:
    """Tell the time."""
    return f"It is noon in {city}."


def model(state):
    """Be the model: ask both tools, then repeat what they said."""
    if isinstance(state["messages"][-1], HumanMessage):
        calls = [{"name": n, "args": {"city": "Oslo"}, "id": n} for n in ("weather", "hour")]
        return {"messages": [AIMessage("", tool_calls=calls)]}
    return {"messages": [AIMessage(" ".join(m.content for m in state["messages"][-2:]))]}


def wants_tools(state):
    return "tools" if state["messages"][-1].tool_calls else END


def agent():
    graph = StateGraph(MessagesState)
    graph.add_node("model", model)
    graph.add_node("tools", ToolNode([weather, hour]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", wants_tools, ["tools", END])
    graph.add_edge("tools", "model")
    return graph.compile()


@task
def advise(city):
    """Ask a model for advice."""
    return STYLE.format(city=city)


@entrypoint()
def trip(cities):
    """Plan a trip: one task for each city, side by side."""
    parts = [advise(city) for city in cities]
    return [part.result() for part in parts]


def main():
    asked = {"messages": [HumanMessage("What is it like in Oslo?")]}
    with tg.record() as run:
        answer = trace_graph(agent()).invoke(asked)["messages"][-1]
    print(f"answer: {answer.content}\nthe tools behind it:")
    for node in sorted(run.nodes, key=lambda node: node.name):
        if node.name.startswith(("weather", "hour")):
            print(f"  {node.name}, of {node.inputs['city'].data}: {node.data.content}")

    traced = trace_graph(trip, prompts={"advise": "STYLE"})
    (style,) = traced.parameters()
    for value in (style.data, "{city} is fine as it is."):
        with tg.record(values={style: value}):
            print(f"\n{value!r}:", *traced.invoke(["Oslo", "Rome"]), sep="\n  ")


if __name__ == "__main__":
    main()
