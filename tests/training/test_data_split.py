"""Splits and draws: nothing is shared, everything is fair, order is nothing."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracegraph.training.data import DataError, DataWarning, Example, draw, shuffled, split


def example(number: int, expected: object = None, group: str = "", part: str = "") -> Example:
    return Example(f"e{number}", {"q": number}, expected, group, part)


EXAMPLES = st.lists(
    st.builds(
        lambda q, expected, group: ({"q": q}, expected, group),
        st.integers(0, 60),
        st.sampled_from(["yes", "no", None, 3]),
        st.sampled_from(["", "", "", "a", "b", "c"]),
    ),
    min_size=12,
    max_size=80,
).map(lambda rows: [Example(f"e{n}", *row) for n, row in enumerate(rows)])


@given(examples=EXAMPLES, seed=st.integers(0, 5), order=st.randoms())
def test_parts_never_overlap_and_groups_stay_together(
    examples: list[Example], seed: int, order: random.Random
) -> None:
    try:
        parts = split(examples, seed=seed)
    except DataError:  # one group holds nearly everything
        return
    every = [parts.train, parts.validation, parts.test]
    assert sorted(e.id for part in every for e in part) == sorted(e.id for e in examples)
    for one, other in combinations(every, 2):
        assert not {e.group for e in one if e.group} & {e.group for e in other if e.group}
        assert not {e.inputs["q"] for e in one} & {e.inputs["q"] for e in other}
    mixed = list(examples)
    order.shuffle(mixed)
    assert split(mixed, seed=seed) == parts


@given(
    counts=st.lists(st.integers(5, 40), min_size=2, max_size=5),
    seed=st.integers(0, 5),
)
def test_labels_are_shared_out_evenly(counts: list[int], seed: int) -> None:
    labels = [f"label {n}" for n, count in enumerate(counts) for _ in range(count)]
    examples = [example(n, label) for n, label in enumerate(labels)]
    parts = split(examples, seed=seed)
    for part, share in ((parts.train, 0.4), (parts.validation, 0.3), (parts.test, 0.3)):
        assert abs(len(part) - share * len(examples)) <= 1.5
        if len(counts) <= len(examples) / 5:
            found = Counter(e.expected for e in part)
            for n, count in enumerate(counts):
                assert abs(found[f"label {n}"] - share * count) <= 2


def test_another_seed_gives_another_split() -> None:
    examples = [example(n) for n in range(60)]
    assert split(examples, seed=1) == split(examples, seed=1)
    assert split(examples, seed=1) != split(examples, seed=2)


def test_a_part_that_is_not_wanted_stays_empty() -> None:
    parts = split([example(n) for n in range(10)], fractions=(0.5, 0.5, 0.0))
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (5, 5, 0)


def test_the_file_decides_where_it_says_so() -> None:
    examples = [example(n, part="test" if n % 4 == 0 else "train") for n in range(40)]
    parts = split(examples)
    assert {e.id for e in parts.test} == {f"e{n}" for n in range(0, 40, 4)}
    assert len(parts.train) == 17  # 4 to 3 of the 30 that were for training
    assert len(parts.validation) == 13


@pytest.mark.parametrize(
    ("examples", "fractions", "told"),
    [
        ([], (0.4, 0.3, 0.3), "no examples"),
        ([example(1), example(1)], (0.4, 0.3, 0.3), "'e1' repeats"),
        ([example(1), example(2)], (0.4, 0.3, 0.3), "2 examples in 2 groups are too few"),
        ([example(n, group="g") for n in range(9)], (0.4, 0.3, 0.3), "9 examples in 1 groups"),
        ([example(1)], (0.4, 0.3, 0.4), "add up to 1"),
        ([example(1)], (1.4, -0.2, -0.2), "add up to 1"),
        ([example(1, part="best")], (1.0, 0.0, 0.0), "use train, validation, test"),
        ([example(1, part="test"), example(2)], (1.0, 0.0, 0.0), "'e2'; fill the column"),
        (
            [example(1, None, "g", "test"), example(2, None, "g", "train")],
            (1.0, 0.0, 0.0),
            "'g' is in train and in test",
        ),
        ([example(1, part="test"), example(2, part="test")], (0.5, 0.0, 0.5), "train would be"),
    ],
)
def test_what_cannot_be_split(
    examples: list[Example], fractions: tuple[float, float, float], told: str
) -> None:
    with pytest.raises(DataError, match=told):
        split(examples, fractions=fractions)


def test_the_same_inputs_in_two_parts_of_a_file_are_reported() -> None:
    parts = ["train", "validation", "test", "test"]
    examples = [Example(f"e{n}", {"q": n // 2}, None, "", part) for n, part in enumerate(parts)]
    with pytest.warns(DataWarning, match="1 examples have the same inputs"):
        split(examples)


def test_draws_are_without_replacement_and_ignore_order() -> None:
    examples = [example(n) for n in range(30)]
    drawn = draw(examples, 10, seed=3)
    assert len({e.id for e in drawn}) == 10
    assert draw(examples[::-1], 10, seed=3) == drawn
    assert draw(examples, 10, seed=4) != drawn
    assert len(draw(examples, 99, seed=3)) == 30
    assert draw(examples, -1, seed=3) == []
    assert shuffled(examples, 3)[:10] == drawn
    assert draw(examples, 10, seed=3, weights={}) == drawn


def test_weights_are_the_shares_of_the_first_draw() -> None:
    examples = [example(n) for n in range(4)]
    weights = {"e0": 6.0, "e1": 3.0, "e2": 0.0}
    first = Counter(draw(examples, 1, seed=s, weights=weights)[0].id for s in range(4000))
    assert first["e2"] == 0
    assert abs(first["e0"] / 4000 - 0.6) < 0.03
    assert abs(first["e1"] / 4000 - 0.3) < 0.03
    assert draw(examples, 4, seed=1, weights=weights)[-1].id == "e2"
    with pytest.raises(DataError, match="'e0' is -1"):
        draw(examples, 1, seed=1, weights={"e0": -1.0})
