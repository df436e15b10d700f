from __future__ import annotations

import pytest
from hypothesis import given as randomly
from hypothesis import strategies as st

from optimizers.fake_llm import FakeLLM, suggest
from optimizers.graphs import parameters, step, trial
from tracegraph.optimizers import Pareto, Trial
from tracegraph.optimizers.front import drawn, front
from tracegraph.optimizers.merge import merge, mergers

examples = st.sampled_from(["a", "b", "c", "d"])
scores = st.dictionaries(examples, st.sampled_from([0.0, 0.25, 0.5, 1.0]), max_size=4)
histories = st.lists(scores, max_size=8).map(
    lambda all_: [trial(str(i), found) for i, found in enumerate(all_)]
)


def test_specialists_stay_and_the_mediocre_goes() -> None:
    history = [
        trial("first", {"a": 1.0, "b": 0.0, "c": 0.0}),
        trial("second", {"a": 0.0, "b": 1.0, "c": 1.0}),
        trial("mean", {"a": 0.6, "b": 0.6, "c": 0.6}),
    ]
    assert front(history) == {"first": 1, "second": 2}


@randomly(histories)
def test_the_front_wins_every_example_and_has_no_spare(history: list[Trial]) -> None:
    weights = front(history)
    best: dict[str, float] = {}
    for one in history:
        for example, score in one.scores.items():
            best[example] = max(score, best.get(example, 0.0))
    alive = [one for one in history if one.id in weights]
    for example, score in best.items():
        assert any(one.scores.get(example) == score for one in alive)
    for one in alive:
        won = [e for e, score in one.scores.items() if score == best[e]]
        assert len(won) == weights[one.id]
        rest = [other for other in alive if other is not one]
        assert any(all(o.scores.get(e) != best[e] for o in rest) for e in won), "it is needed"


@randomly(histories, st.integers(0, 2**31))
def test_a_parent_is_of_the_front(history: list[Trial], seed: int) -> None:
    weights = front(history)
    if weights:
        assert drawn(weights, seed) in weights


BASE = trial("0", {"a": 0.0, "b": 0.0}, prompt="p", threshold=0.5)
LEFT = trial("1", {"a": 1.0, "b": 0.0}, "0", prompt="left", threshold=0.5)
RIGHT = trial("2", {"a": 0.0, "b": 1.0}, "0", prompt="p", threshold=0.7)


def test_each_parameter_from_the_parent_that_improved_it() -> None:
    made = merge([BASE, LEFT, RIGHT], "1", "2")
    assert made is not None
    assert made.values == {"prompt": "left", "threshold": 0.7}
    assert (made.parents, made.ancestor) == (("1", "2"), "0")


def test_what_both_changed_comes_from_the_better_one() -> None:
    better = trial("3", {"a": 0.5, "b": 1.0}, "2", prompt="right", threshold=0.7)
    made = merge([BASE, LEFT, RIGHT, better], "1", "3")
    assert made is None, "all of it is the better one's: nothing new"
    other = trial("3", {"a": 0.5, "b": 1.0}, "2", prompt="right", threshold=0.5, extra=1)
    made = merge([BASE, LEFT, RIGHT, other], "3", "1")
    assert made is None or made.values["prompt"] == "right"


@pytest.mark.parametrize(
    ("one", "other"), [("0", "1"), ("1", "1"), ("1", "9")], ids=["ancestor", "itself", "unknown"]
)
def test_no_merger(one: str, other: str) -> None:
    assert merge([BASE, LEFT, RIGHT], one, other) is None


def test_no_merger_with_one_that_is_not_better_than_the_ancestor() -> None:
    worse = trial("2", {"a": 0.0, "b": 0.0}, "0", prompt="p", threshold=0.7)
    assert merge([BASE, LEFT, worse], "1", "2") is None


def test_a_merger_is_made_once() -> None:
    done = trial("3", {"a": 1.0, "b": 1.0}, "1", prompt="left", threshold=0.7)
    assert len(list(mergers([BASE, LEFT, RIGHT], ["1", "2"]))) == 1
    assert list(mergers([BASE, LEFT, RIGHT, done], ["1", "2", "3"])) == []


values = st.fixed_dictionaries({"x": st.integers(0, 2), "y": st.integers(0, 2)})


@randomly(st.lists(st.tuples(values, scores, st.integers(0, 5)), min_size=1, max_size=6))
def test_a_merger_holds_only_what_its_parents_have(rows: list) -> None:  # type: ignore[type-arg]
    history = [
        Trial(str(i), found, scored, parent=str(min(parent, i - 1)) if i else "")
        for i, (found, scored, parent) in enumerate(rows)
    ]
    by_id = {one.id: one for one in history}
    for made in mergers(history, list(by_id)):
        one, other = (by_id[name].values for name in made.parents)
        assert all(value in (one[name], other[name]) for name, value in made.values.items())
        assert made.values not in [dict(t.values) for t in history]


async def test_a_merger_is_proposed_without_a_model() -> None:
    llm = FakeLLM([])
    found = step(
        values={"prompt": "left", "threshold": 0.5}, history=[BASE, LEFT, RIGHT], candidate="1"
    )
    (proposal,) = await Pareto(llm=llm, merging=1.0).propose(found)
    assert proposal.values == {"threshold": 0.7}
    assert set(proposal.parents) == {"1", "2"}
    assert not llm.requests


async def test_reflection_on_the_parameter_in_focus() -> None:
    llm = FakeLLM([suggest(prompt="Label {message}")])
    (proposal,) = await Pareto(llm=llm, merging=0.0).propose(step(focus=["prompt"]))
    assert proposal.values == {"prompt": "Label {message}"}
    assert "facts and rules" in llm.asked()
    assert "message: buy now" in llm.asked()


async def test_another_parent_brings_its_values_along() -> None:
    given = parameters()
    feedback = {"a": "too strict", "b": "fine"}
    other = Trial("7", {"prompt": "Other {message}", "threshold": 0.9}, {"a": 1.0, "b": 1.0}, "",
                  feedback)  # fmt: skip
    mine = trial("8", {"a": 0.0, "b": 0.0}, prompt="Sort this: {message}", threshold=0.5)
    llm = FakeLLM([suggest(prompt="Label {message}")])
    found = step(given, history=[other, mine], candidate="8", focus=["prompt"])
    (proposal,) = await Pareto(llm=llm, merging=0.0).propose(found)
    assert proposal.values == {"prompt": "Label {message}", "threshold": 0.9}
    assert "Other {message}" in llm.asked()
    assert "too strict" in llm.asked()
