from __future__ import annotations

from dataclasses import replace
from typing import Any

from optimizers.graphs import parameters, problem
from tracegraph import bundle, node, record
from tracegraph.optimizers import Problem
from tracegraph.optimizers.uses import Use, uses


@bundle()
def ask(text: str) -> str:
    """Ask a model."""
    return "yes"


def asked(template: str, fill: Any) -> Problem:
    prompt = node(template, name="prompt", trainable=True)
    with record() as run:
        out = ask(fill(prompt.data))
    return Problem.of(run.judged(out, "no", 0.0))


def test_the_call_that_got_a_parameter() -> None:
    found = problem(parameters(), "buy now")
    assert uses(found, "prompt") == [Use("classify0", {"message": "buy now"}, "spam", False)]
    assert uses(found, "threshold") == [Use("decide0", {"label": "spam"}, "True", True)]


def test_a_filled_template_shows_what_it_was_filled_with() -> None:
    found = asked("Is this spam? {message}", lambda text: text.format(message="buy now"))
    assert uses(found, "prompt") == [Use("ask0", {"message": "buy now"}, "yes", True)]


def test_a_text_around_a_prompt_is_shown_without_it() -> None:
    found = asked("Be brief and polite.", lambda text: f"{text}\nQuestion: why?")
    assert uses(found, "prompt") == [Use("ask0", {"text": "…\nQuestion: why?"}, "yes", True)]


def test_without_edges_the_workflow_is_one_call() -> None:
    found = replace(problem(parameters(), "buy now"), edges=())
    (use,) = uses(found, "prompt")
    assert (use.call, use.result, use.final) == ("", "True", True)
    assert use.arguments["message"] == "buy now"
