"""Formal lines, demonstrations and what is made of them."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.agents.resocratic import formal, questions
from tracegraph.agents.resocratic.demonstration import Demonstration, Section, Variable, read
from tracegraph.agents.resocratic.formal import FormalError
from tracegraph.agents.resocratic.mutation import mutate
from tracegraph.agents.resocratic.seeds import load_seeds
from tracegraph.agents.resocratic.stated import stated, unstated

NUMBERS = st.integers(-50, 50).filter(bool)


@given(st.dictionaries(st.sampled_from("abcxyz"), NUMBERS, min_size=1), NUMBERS)
def test_a_weighted_sum_is_read_back_as_its_coefficients(weights, constant):
    text = " + ".join(f"{value}*{name}" for name, value in weights.items()) + f" + {constant}"
    found = formal.linear(text)
    assert found.pop("") == constant
    assert {name: value for name, value in found.items() if value} == weights
    point = {name: float(i) for i, name in enumerate(sorted(weights))}
    expected = constant + sum(weights[name] * point[name] for name in weights)
    assert formal.evaluate(text, point) == pytest.approx(expected)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(FormalError):
        formal.relations(text)


@pytest.mark.parametrize(
    "text",
    ["__import__('os').system('id')", "x.real", "[x]", "x if y else z", "max(x, y)", "x < 3",
     "3 <= 4", "lambda: 0", "x**y**z <= 'a'", "x and y"],
)  # fmt: skip
def test_what_is_no_constraint_is_refused(text):
    with pytest.raises(FormalError):
        formal.relations(text)


def test_people_write_powers_products_and_chains():
    found = formal.relations("1,200 <= 3x^2 + 2(y) ; x = 4")
    assert [str(each) for each in found] == ["1200 <= 3 * x ** 2 + 2 * y", "x == 4"]
    assert formal.linear("x * y") is None
    assert formal.linear("x / 4 - (y - 2)") == {"x": 0.25, "y": -1.0, "": 2.0}


def test_definitions_go_into_the_objective_and_later_constraints():
    shop = Demonstration(
        "A shop.", (Variable("x", "pots"),),
        Section("Cost.", ("cost = 2*x", "maximize 5*x - cost")),
        (Section("Budget.", ("cost <= 9",)),),
    )  # fmt: skip
    assert formal.linear(shop.goal.expression) == {"x": 3.0, "": 0.0}
    assert str(shop.relations[0]) == "2 * x <= 9"
    assert read(str(shop)) == shop


def test_a_name_that_nobody_defined_is_refused():
    with pytest.raises(FormalError, match="y is not defined"):
        Demonstration("A shop.", (Variable("x", "pots"),), Section("Goal.", ("maximize x + y",)))


def test_numbers_are_found_as_people_write_them():
    assert {1200.0, 0.15, 15.0, 0.5, 3.0} <= stated("$1,200, 15% of it, half, three")
    assert unstated([4, 7, 1, math.pi], "four crates") == [7]


def test_seeds_read_back_and_state_every_number():
    seeds = load_seeds()
    assert len(seeds) >= 30
    for seed in seeds:
        whole = seed.demonstration
        assert read(str(whole)).relations == whole.relations
        assert len(whole.prefixes) == len(whole.constraints)
        assert whole.prefixes[-1] == whole


@pytest.mark.parametrize("number", range(6))
def test_a_mutation_keeps_words_and_formulas_together(number):
    for seed in load_seeds()[::4]:
        old = seed.demonstration
        new = mutate(old, {each.symbol: 5.0 for each in old.variables}, f"{number}")
        variant = questions.variants(new.demonstration)[0]
        text = questions.assembled(new.demonstration, variant)
        assert questions.faults(new.demonstration, variant, text) == []
        assert new == mutate(old, {each.symbol: 5.0 for each in old.variables}, f"{number}")
        assert str(new.demonstration) != str(old)


def test_a_question_that_loses_or_adds_a_number_is_refused():
    seed = next(seed for seed in load_seeds() if seed.id == "kelp-lines").demonstration
    good = questions.assembled(seed, "plain")
    assert questions.faults(seed, "plain", good) == []
    lost = questions.faults(seed, "plain", good.replace("4800", "many"))
    assert any("missing: 4800" in each for each in lost)
    added = questions.faults(seed, "plain", good + " It has 77 boats.")
    assert any("in no note: 77" in each for each in added)
    leaked = questions.faults(seed, "plain", good + " kelp + dulse <= 900")
    assert "it holds formulas or symbols" in leaked
