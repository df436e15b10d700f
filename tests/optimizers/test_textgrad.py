from __future__ import annotations

from typing import Any

from optimizers.fake_llm import FakeLLM, suggest
from optimizers.graphs import parameters, problem, step
from tracegraph.models.request import Request
from tracegraph.optimizers import Problem, TextGrad
from tracegraph.optimizers.gradients import gradients, reached


def behave(request: Request) -> Any:
    """Criticise each parent by name, or rewrite."""
    schema: Any = request.schema
    if schema["title"] == "Criticism":
        return {key: f"{key.split()[-1]} is bad" for key in schema["properties"]}
    (name,) = schema["$defs"]["Suggestion"]["properties"]
    return suggest(**{name: "Label {message}" if name == "prompt" else 0.25})


async def test_criticism_travels_from_the_output_to_the_parameters() -> None:
    llm = FakeLLM(behave)
    found = await gradients(
        llm, problem(parameters(), "buy"), ["prompt", "threshold"], objective="", seed=1
    )
    assert found.calls == ["decide0", "classify0"], "one call a node, the last node first"
    assert found.texts == {"prompt": ["prompt is bad"], "threshold": ["threshold is bad"]}
    assert "What was said about what it returned:\nwrong" in llm.asked(0)
    assert "classify0 is bad" in llm.asked(1), "what decide said about what classify gave it"
    assert "message = buy" in llm.asked(1)


async def test_only_the_way_to_the_parameters_is_walked() -> None:
    llm = FakeLLM(behave)
    found = await gradients(llm, problem(parameters()), ["threshold"], objective="", seed=1)
    assert found.calls == ["decide0"]
    assert set(found.texts) == {"threshold"}


async def test_stored_problems_work_too() -> None:
    whole = Problem.from_json(problem(parameters()).to_json())
    assert reached(whole, ["prompt"]) == {"classify0": ["prompt"], "decide0": ["classify0"]}
    found = await gradients(FakeLLM(behave), whole, ["prompt"], objective="", seed=1)
    assert found.texts == {"prompt": ["prompt is bad"]}


async def test_without_edges_the_feedback_is_the_gradient() -> None:
    bare = Problem((), {}, (), {}, {}, {"out": "1"}, "too small")
    found = await gradients(FakeLLM([]), bare, ["prompt"], objective="", seed=1)
    assert found.texts == {"prompt": ["too small"]}


async def test_every_parameter_is_rewritten() -> None:
    llm = FakeLLM(behave)
    given = parameters()
    runs = [problem(given, message, example=message) for message in ("buy", "hello")]
    (proposal,) = await TextGrad(llm=llm).propose(step(given, problems=runs))
    assert proposal.values == {"prompt": "Label {message}", "threshold": 0.25}
    assert "prompt is bad" in proposal.reasoning
    assert len(llm.requests) == 2 * 2 + 2
    assert proposal.tokens == 15 * 6
    seeds = [request.sampling["seed"] for request in llm.requests]
    assert len(set(seeds)) == len(seeds)


async def test_unusable_criticism_is_counted() -> None:
    llm = FakeLLM(["no"])
    found = await TextGrad(llm=llm).propose(step())
    assert not found or (not found[0] and found[0].malformed)
