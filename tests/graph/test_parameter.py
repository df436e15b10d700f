import copy
import math

import pydantic
import pytest

import tracegraph as tg
from tracegraph.graph import Choices, ConstraintError, Length, ParameterError, Range


def parameter(value, **options):
    return tg.Parameter(value, name="p", **options)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("a", "text"), (1, "int"), (1.0, "float"), (True, "bool"), ([1], "list"), ((1,), "tuple")],
)
def test_the_kind_is_what_the_value_is(value, kind):
    assert parameter(value).kind == kind


@pytest.mark.parametrize(
    ("first", "options", "given", "accepted"),
    [
        (1, {}, "3", 3),
        (1, {}, 3.0, 3),
        (1, {}, 10**30, 10**30),
        (1.0, {}, "2.5", 2.5),
        (1.0, {}, 3, 3.0),
        (True, {}, "False", False),
        ([1], {}, "[2, 3]", [2, 3]),
        ([1], {}, (2,), [2]),
        ("low", {"choices": ["low", "high"]}, " HIGH ", "high"),
        (1, {"choices": [1, 2]}, "2", 2),
        ({"a": 1}, {"kind": "json"}, {"b": [None]}, {"b": [None]}),
    ],
)
def test_values_are_converted_where_nothing_is_lost(first, options, given, accepted):
    p = parameter(first, **options)
    p.update(given)
    assert p.data == accepted
    assert type(p.data) is type(accepted)


@pytest.mark.parametrize(
    ("first", "options", "given", "told"),
    [
        (1, {}, 2.5, "type int"),
        (1, {}, True, "type int"),
        (1, {}, "three", "type int"),
        (1, {}, math.inf, "type int"),
        (1.0, {}, None, "type float"),
        (True, {}, 1, "type bool"),
        ("a", {}, 3, "type str"),
        ([1], {}, "not json", "type list"),
        ((1,), {}, [1], "type tuple"),
        (1.0, {"low": 0, "high": 2}, 2.5, "between 0 and 2"),
        (1.0, {"low": 0}, math.nan, "NaN"),
        (1, {"high": 3}, 4, "at most 3"),
        ("a", {"choices": ["a", "b"]}, "c", "one of 'a', 'b'"),
        (1, {"choices": [1, 2]}, True, "one of 1, 2"),
        ("ab1", {"pattern": r"[a-z]+\d"}, "ab1 ", "match"),
        ("abc", {"max_length": 4}, "abcde", "at most 4 long; it is 5"),
        ("abc", {"check": str.islower}, "Abc", "obey"),
        ({"a": 1}, {"kind": "json"}, {"a": object()}, "JSON"),
    ],
)
def test_a_broken_constraint_is_named_and_changes_nothing(first, options, given, told):
    p = parameter(first, **options)
    with pytest.raises(ConstraintError, match=told) as caught:
        p.update(given)
    assert caught.value.parameter == "p"
    assert p.data == first
    assert p.version == 0


def test_the_first_value_must_obey_too():
    with pytest.raises(ConstraintError, match="between"):
        parameter(5, low=0, high=1)
    with pytest.raises(ParameterError, match="unknown"):
        parameter(5, kind="integer")


def test_a_schema_validates_and_converts():
    class Settings(pydantic.BaseModel):
        top_k: int
        mode: str = "fast"

    p = parameter({"top_k": 3}, schema=Settings)
    assert p.kind == "json"
    assert p.data == Settings(top_k=3)
    p.update('{"top_k": 5, "mode": "slow"}')
    assert p.data.mode == "slow"
    with pytest.raises(ConstraintError, match="top_k"):
        p.update({"top_k": "many"})
    assert p.data.top_k == 5


def test_constraints_tell_themselves():
    p = parameter(0.5, low=0, high=1, constraint=[Range(high=0.9)])
    assert p.constraint == "between 0 and 1; at most 0.9"
    assert parameter("a", constraint="must rhyme").constraint == "must rhyme"
    assert parameter("a", constraint=Length(5, low=1)).constraint == "1 to 5 long"
    assert parameter("a").constraint is None
    assert str(Choices((1, "a"))) == "one of 1, 'a'"


def test_update_returns_the_old_value_and_counts():
    p = parameter(1)
    assert p.update(2) == 1
    assert p.update(tg.node(5)) == 2
    assert (p.data, p.version) == (5, 2)


def test_projections_run_before_the_check():
    class Strip:
        def project(self, value):
            return value.strip()

    p = parameter("a", max_length=3, projections=[Strip(), str.lower])
    p.update("   ABC   ")
    assert p.data == "abc"


def test_copies_are_independent():
    p = parameter([1], max_length=3)
    for made in (p.copy(), copy.deepcopy(p)):
        made.update([1, 2])
        assert p.data == [1]
        with pytest.raises(ConstraintError):
            made.update([1, 2, 3, 4])
