"""A graph that the function of another graph's node calls."""

from __future__ import annotations

from typing import TypedDict

import pytest

pytest.importorskip("langgraph")

from langgraph.graph import END, START, StateGraph

import tracegraph as tg
from tracegraph.integrations.langgraph import trace_graph

WITHIN = "a line about {topic}"
AROUND = "{topic} in the rain"


class State(TypedDict, total=False):
    topic: str
    draft: str


def _compiled(name, fun):
    graph = StateGraph(State)
    graph.add_node(name, fun)
    graph.add_edge(START, name)
    graph.add_edge(name, END)
    return graph.compile()


def test_a_traced_graph_inside_a_node_keeps_its_calls_and_its_texts_hear_feedback():
    def write(state):
        return {"draft": WITHIN.format(topic=state["topic"])}

    inner = trace_graph(_compiled("write", write), prompts={"write": "WITHIN"})

    def ask(state):
        return {"draft": inner.invoke({"topic": AROUND.format(**state)})["draft"]}

    outer = trace_graph(_compiled("ask", ask), prompts={"ask": "AROUND"})
    with tg.record() as run:
        result = outer.invoke({"topic": "tea"})
    assert result["draft"] == "a line about tea in the rain"
    run.feedback(result["draft"], "Too short.")
    (call,) = [node for node in run.graph().calls if node.name == "ask0"]
    assert [each.name for each in run.inner(call)] == ["write0"]
    assert {"AROUND", "WITHIN"} <= set(call.inputs)
    for parameter in [*outer.parameters(), *inner.parameters()]:
        (told,) = parameter.feedback
        assert "Too short." in str(told)
    (within,) = inner.parameters()
    with tg.record(values={within: "{topic}, briefly"}):
        assert outer.invoke({"topic": "tea"})["draft"] == "tea in the rain, briefly"
