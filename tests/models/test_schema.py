from __future__ import annotations

import datetime
import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, field_validator

from tracegraph.models import ModelError
from tracegraph.models.schema import Schema, instruct, strict


class Step(BaseModel):
    action: Literal["click", "type"]
    text: str = ""


class Plan(BaseModel):
    goal: str
    steps: list[Step] = Field(min_length=1)
    by: datetime.date | None = None

    @field_validator("goal")
    @classmethod
    def _not_empty(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the goal is empty")
        return value


GOOD = '{"goal": "go", "steps": [{"action": "click"}], "by": "2026-01-02"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is the plan: {GOOD} Good luck!",
        f'{{"note": 1}} and then {GOOD}',
        "A set {1, 2} is no JSON. " + GOOD,
    ],
)
def test_an_answer_is_found_in_what_surrounds_it(text: str) -> None:
    value, problem = Schema(Plan).read(text)
    assert problem is None
    assert value == Plan(goal="go", steps=[Step(action="click")], by=datetime.date(2026, 1, 2))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no idea", "it holds no JSON value"),
        ('{"goal": "go", "steps": []}', "steps: List should have at least 1 item"),
        ('{"goal": " ", "steps": [{"action": "click"}]}', "the goal is empty"),
        ('{"goal": "go", "steps": [{"action": "jump"}]}', "steps.0.action"),
        ("[1, 2]", "the value: Input should be an object"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    value, found = Schema(Plan).read(text)
    assert value is None
    assert problem in (found or "")


def test_an_answer_that_was_cut_is_told_to_be_brief() -> None:
    _, problem = Schema(Plan).read('{"goal": "go", "steps": [{"act', cut=True)
    assert "token limit" in (problem or "")


def test_plain_json_schemas_and_other_types() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    assert Schema(schema).read('{"x": 3}') == ({"x": 3}, None)
    assert "x: 'a' is not of type" in (Schema(schema).read('{"x": "a"}')[1] or "")
    assert Schema(list[int]).read("[1, 2]") == ([1, 2], None)
    with pytest.raises(ModelError, match="no JSON schema"):
        Schema({"type": "nonsense"})
    with pytest.raises(ModelError, match="cannot be turned into"):
        Schema(type("Odd", (), {}))


def test_strict_schemas_are_closed_everywhere() -> None:
    made = strict(Schema(Plan).json)
    assert made["required"] == ["goal", "steps", "by"]
    assert made["$defs"]["Step"]["additionalProperties"] is False
    assert "default" not in json.dumps(made)
    named = strict({"type": "object", "properties": {"default": {"type": "string"}}})
    assert named["required"] == ["default"], "a field may be called so"


def test_instructions_join_the_system_message() -> None:
    user = {"role": "user", "content": "Hi"}
    assert instruct([user], "X")[0] == {"role": "system", "content": "X"}
    both = instruct([{"role": "system", "content": "Be kind."}, user], "X")
    assert both[0]["content"] == "Be kind.\n\nX"
    assert len(both) == 2


def test_a_repair_shows_the_answer_and_its_problem() -> None:
    answer, request = Schema(Plan).repair("nothing", "it holds no JSON value")
    assert answer == {"role": "assistant", "content": "nothing"}
    assert "it holds no JSON value" in request["content"]
    assert '"steps"' in request["content"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values, st.text(alphabet="abc .,:", max_size=20), st.text(alphabet="abc .,:", max_size=20))
def test_any_object_is_found_in_prose(value: Any, before: str, after: str) -> None:
    text = before + json.dumps({"value": value}) + after
    assert Schema({"type": "object"}).read(text) == ({"value": value}, None)


@given(st.text())
def test_any_text_is_read_without_failing(text: str) -> None:
    Schema(Plan).read(text)
