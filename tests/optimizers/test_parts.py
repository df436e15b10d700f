from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.optimizers.parts import Parts, assembled, is_instruction
from tracegraph.optimizers.placeholders import placeholder_problem


def parts(task: str = "Sort it.", steps: tuple[str, ...] = (), answer: str = "One word.") -> Parts:
    return Parts(mistake="It guessed.", task=task, steps=list(steps), answer=answer)


def test_places_stay_where_they_are() -> None:
    text = assembled("Old task.\nText: {text}\nBe quick.\nLabel:", parts(steps=("Look. ", "")))
    assert text == "Sort it.\n- Look.\nOne word.\n\nText: {text}"
    assert assembled("Old task.", parts()) == "Sort it.\nOne word."


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        ("x" * 160, ""),
        ("This is whole. " + "x" * 145, "- This is whole."),
        ("y" * 159 + ".", "- " + "y" * 159 + "."),
    ],
)
def test_what_was_broken_off_is_left_out(step: str, kept: str) -> None:
    lines = assembled("", parts(steps=(step,))).splitlines()
    assert lines[1:-1] == ([kept] if kept else [])


@given(st.text(max_size=250), st.lists(st.text(max_size=160), max_size=3), st.text(max_size=200))
def test_a_template_stays_a_template(task: str, steps: list[str], answer: str) -> None:
    before = "Sort this: {message}"
    made = assembled(before, parts(task, tuple(steps), answer))
    assert placeholder_problem(before, made) is None


def test_what_is_an_instruction() -> None:
    assert is_instruction("x", "", "Sort {message}")
    assert is_instruction("system_prompt", "", "Be brief")
    assert not is_instruction("greeting", "", "Hello!")
