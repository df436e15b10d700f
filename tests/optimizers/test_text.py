from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from optimizers.graphs import parameters, problem
from tracegraph.optimizers import Edge, Problem, Variable
from tracegraph.optimizers.text import problem_text

texts = st.text(max_size=300)
values = st.dictionaries(st.sampled_from("abcdef"), texts, max_size=4)


@st.composite
def problems(draw: Any) -> Problem:
    return Problem(
        lines=tuple(draw(st.lists(st.sampled_from(["a0 = f(x=p)", "b0 = g(a=a0)"]), max_size=200))),
        documentation=draw(values),
        variables=(Variable("p", draw(texts), "text", draw(texts)),),
        inputs=draw(values),
        others=draw(values),
        outputs=draw(values),
        feedback=draw(texts),
        score=draw(st.none() | st.floats(0, 1)),
        edges=(Edge("p", "a0", "x"),),
        constants={"a0": draw(values)},
    )


@given(st.lists(problems(), max_size=6), st.integers(200, 20_000))
def test_the_text_keeps_to_its_limit_and_is_the_same_each_time(
    several: list[Problem], limit: int
) -> None:
    made = problem_text(several, limit=limit, objective="Do it")
    assert len(made.text) <= limit
    assert problem_text(several, limit=limit, objective="Do it") == made


@given(problems())
def test_what_fits_is_whole(one: Problem) -> None:
    made = problem_text([one], limit=10**6)
    for text in [*one.outputs.values(), *one.others.values(), *one.inputs.values(), one.feedback]:
        assert text in made.text
    assert not made.shortened


def test_the_sections_in_the_order_of_the_paper() -> None:
    text = problem_text([problem(parameters(), "buy " * 40)], objective="Filter spam").text
    titles = [line[1:] for line in text.splitlines() if line.startswith("#")]
    assert titles == [
        "Instruction", "Code", "Documentation", "Variables", "Constraints", "Inputs", "Others",
        "Outputs", "Feedback",
    ]  # fmt: skip
    assert "classify0 = classify(prompt=prompt, message=classify0_message)" in text
    assert '(text) prompt = "Sort this: {message}"  # A prompt.' in text
    assert "(float) threshold: between 0.0 and 1.0" in text
    assert "decide0 = True" in text
    assert "wrong\nScore: 0" in text


def test_runs_share_code_and_documentation() -> None:
    given = parameters()
    several = [problem(given, message, example=message) for message in ("buy", "hello", "bye")]
    text = problem_text(several).text
    assert text.count("#Code") == text.count("#Documentation") == text.count("#Variables") == 1
    assert text.count("#Feedback") == 3
    assert "--- Run 2 of 3 (example hello) ---" in text
    assert "classify0_message = hello" in text


def test_the_least_useful_goes_first_and_the_text_says_so() -> None:
    given = parameters()
    found = problem(given, "buy " * 200)
    whole = len(problem_text([found]).text)
    cut = problem_text([found], limit=whole - 600).text
    assert "decide0 = True" in cut
    assert "more)" in cut
    small = problem_text([found] * 5, limit=620).text
    assert "#Left out\nFor lack of room: values in between, inputs, documentation" in small
    assert "more runs" in small


def test_long_values_can_be_asked_for() -> None:
    made = problem_text([problem(parameters(), "buy " * 1000)], long=200)
    assert made.shortened == {"classify0_message": "buy " * 1000}
