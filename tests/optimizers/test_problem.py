from __future__ import annotations

import json

import pytest

from optimizers.graphs import parameters, problem
from tracegraph.graph.export import from_json
from tracegraph.graph.export.as_json import json_text
from tracegraph.optimizers import Problem


@pytest.mark.parametrize("flow", ["native", "nodes"])
def test_edges_and_constants(flow: str) -> None:
    found = problem(parameters(), "hi " * 100, flow=flow)
    edges = {(edge.parent, edge.child, edge.argument.partition("~")[0]) for edge in found.edges}
    assert edges == {
        ("prompt", "classify0", "prompt"),
        ("classify0", "decide0", "label"),
        ("threshold", "decide0", "threshold"),
    }
    assert found.constants["classify0"]["message"] == "hi " * 100, "whole, unlike in the line"


def test_a_problem_survives_json() -> None:
    found = problem(parameters())
    assert Problem.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_stored_graph_gives_the_same_problem() -> None:
    from optimizers.graphs import classify
    from tracegraph import record

    prompt = parameters()["prompt"]
    with record() as run:
        out = classify(prompt.data, "hello")
    graph = run.judged(out, "no", 0.25)
    assert Problem.of(from_json(json.loads(json_text(graph)))) == Problem.of(graph)


def test_parameters_that_stay_are_inputs() -> None:
    from optimizers.graphs import classify, decide
    from tracegraph import record

    given = parameters()
    with record() as run:
        out = decide(classify(given["prompt"].data, "hi"), given["threshold"].data)
    found = Problem.of(run.judged(out, "no"), parameters=["threshold"])
    assert list(found.values) == ["threshold"]
    assert found.inputs["prompt"] == "Sort this: {message}"
