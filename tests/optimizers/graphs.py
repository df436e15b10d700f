"""Workflows that the tests optimise, with their problems."""

from __future__ import annotations

from typing import Any

from tracegraph import bundle, node, record
from tracegraph.graph.parameter import ParameterNode
from tracegraph.optimizers import Problem, Step, Trial


@bundle()
def classify(prompt: str, message: str) -> str:
    """Ask a model for the label of a message."""
    return "spam" if "buy" in message else "ham"


@bundle()
def decide(label: str, threshold: float) -> bool:
    """Decide whether a message is held back."""
    return label == "spam" and threshold < 0.9


def parameters() -> dict[str, ParameterNode[Any]]:
    prompt = node("Sort this: {message}", name="prompt", trainable=True, description="A prompt.")
    threshold = node(0.5, name="threshold", trainable=True, low=0.0, high=1.0)
    return {"prompt": prompt, "threshold": threshold}


def problem(
    given: dict[str, ParameterNode[Any]],
    message: str = "buy now",
    feedback: str = "wrong",
    score: float | None = 0.0,
    example: str = "e1",
    flow: Any = "native",
) -> Problem:
    prompt, threshold = given["prompt"], given["threshold"]
    with record(flow) as run:
        if flow == "native":
            out: Any = decide(classify(prompt.data, message), threshold.data)
        else:
            out = decide(classify(prompt, message), threshold)
    return Problem.of(run.judged(out, feedback, score), example=example)


def step(given: dict[str, ParameterNode[Any]] | None = None, **options: Any) -> Step:
    given = given or parameters()
    values = {name: parameter.data for name, parameter in given.items()}
    if "problems" not in options:
        options["problems"] = [problem(given)]
    return Step(given, options.pop("values", values), **options)


def trial(id: str, scores: dict[str, float], parent: str = "", **values: Any) -> Trial:
    return Trial(id, values, scores, parent)
