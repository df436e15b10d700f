"""Search by scores: it obeys, it repeats itself, it tries nothing twice, and it gets better."""

import math
import random
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracegraph as tg
from tracegraph.errors import MissingExtraError, TracegraphError
from tracegraph.graph.errors import ParameterError
from tracegraph.optimizers.numeric import NumericOptimizer
from tracegraph.optimizers.optimizer import Step, Trial
from tracegraph.optimizers.sampling.history import comparable, observe
from tracegraph.optimizers.sampling.space import Space

SAMPLERS = ["tpe", "gp", "random"]


def by_name(*parameters):
    return {parameter.name: parameter for parameter in parameters}


def first_step(*parameters, **options):
    found = by_name(*parameters)
    values = {name: p.data for name, p in found.items()}
    return Step(found, values, **options)


async def tried(optimizer, step, score, trials):
    """Run an optimizer for some trials; return the history."""
    history = [Trial("0", step.values, {"a": score(step.values)})]
    for number in range(1, trials):
        asked = replace(step, history=tuple(history), seed=number)
        proposals = await optimizer.propose(asked)
        if not proposals:
            break
        values = {**step.values, **proposals[0].values}
        history.append(Trial(str(number), values, {"a": score(values)}, optimizer="numeric"))
    return history


# Any parameters and any history

numbers = st.one_of(
    st.tuples(st.just("float"), st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.booleans()),
    st.tuples(st.just("int"), st.integers(-1000, 1000), st.integers(1, 1000), st.booleans()),
)


@st.composite
def parameters(draw):
    made = []
    for place in range(draw(st.integers(1, 4))):
        name = f"p{place}"
        what = draw(st.sampled_from(["number", "open", "choice", "levels", "bool", "checked"]))
        if what == "number":
            kind, low, width, log = draw(numbers)
            value = draw(st.sampled_from([low, low + width]))
            made.append(
                tg.Parameter(value, name=name, kind=kind, low=low, high=low + width, log=log)
            )
        elif what == "open":
            value = draw(st.integers(-50, 50) | st.floats(-1e3, 1e3))
            side = draw(st.sampled_from([{}, {"low": value}, {"high": value}]))
            made.append(tg.Parameter(value, name=name, log=draw(st.booleans()), **side))
        elif what == "choice":
            options = draw(st.lists(st.none() | st.booleans() | st.text(max_size=2), min_size=1))
            made.append(tg.Parameter(options[0], name=name, choices=options))
        elif what == "levels":
            made.append(tg.Parameter(4, name=name, kind="int", choices=[8, 2, 4, 1]))
        elif what == "bool":
            made.append(tg.Parameter(draw(st.booleans()), name=name))
        else:
            made.append(tg.Parameter(2, name=name, low=0, high=9, check=lambda v: v % 2 == 0))
    return made


@given(parameters(), st.integers(0, 1000), st.sampled_from(SAMPLERS), st.integers(1, 3))
@settings(max_examples=60)
def test_proposals_obey_and_repeat_and_are_new(made, seed, sampler, count):
    rng = random.Random(seed)
    optimizer = NumericOptimizer(sampler=sampler)
    step = first_step(*made, count=count)
    history = [Trial("0", step.values, {"a": rng.random()})]
    for number in range(1, 13):
        asked = replace(step, history=tuple(history), seed=seed + number)
        proposals = optimizer._propose(asked)
        again = NumericOptimizer(sampler=sampler)._propose(asked)
        assert [p.values for p in proposals] == [p.values for p in again]
        if not proposals:
            break
        assert len(proposals) <= count
        for proposal in proposals:
            for name, value in proposal.values.items():
                assert step.parameters[name].validate(value) == value
            values = {**step.values, **proposal.values}
            seen = [(t.values, t.scores) for t in history]
            assert all(repr(values) != repr(before) for before, _ in seen)
            # Some fail without a score.
            scores = {"a": rng.random()} if rng.random() < 0.8 else {}
            history.append(Trial(f"{len(history)}", values, scores, problem="" if scores else "x"))
    assert all(p.data == step.values[p.name] for p in made)


@pytest.mark.parametrize("sampler", SAMPLERS)
async def test_a_finite_space_is_exhausted_without_a_repetition(sampler):
    step = first_step(
        tg.Parameter("a", name="letter", choices=["a", "b", "c"]),
        tg.Parameter(2, name="n", low=1, high=4, log=True),
        tg.Parameter(True, name="flag"),
    )
    history = await tried(NumericOptimizer(sampler=sampler), step, lambda v: v["n"], 100)
    assert len(history) == 3 * 4 * 2
    assert len({tuple(t.values.values()) for t in history}) == len(history)


async def test_conditions_decide_what_matters():
    step = first_step(
        tg.Parameter(1, name="depth", low=1, high=3),
        tg.Parameter("tree", name="model", choices=["tree", "net", "rule"]),
        tg.Parameter(True, name="warmup"),
    )
    when = {"depth": {"model": "tree"}, "warmup": {"model": ["net"]}}
    history = await tried(NumericOptimizer(when=when), step, lambda v: 0.0, 100)
    # Three trees, two nets, one rule.
    assert len(history) == 6
    assert sum(t.values["model"] == "rule" for t in history) == 1


async def test_a_condition_on_a_parameter_that_does_not_move_counts_as_it_stands():
    step = first_step(
        tg.Parameter("tree", name="model", choices=["tree", "net"]),
        tg.Parameter(1, name="depth", low=1, high=3),
        tg.Parameter(1, name="layers", low=1, high=3),
        focus=["depth", "layers"],
    )
    when = {"depth": {"model": "tree"}, "layers": {"model": "net"}}
    [proposal] = await NumericOptimizer(when=when).propose(step)
    assert proposal.values.keys() == {"depth"}


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"a": {"b": 1}, "b": {"a": 1}}, "in a circle"),
        ({"a": {"b": 7}}, "can never be 7"),
        ({"a": {"c": 1}}, "c, which is no parameter"),
    ],
)
async def test_senseless_conditions_are_refused(when, message):
    step = first_step(
        tg.Parameter(1, name="a", kind="int", choices=[1, 2]),
        tg.Parameter(1, name="b", kind="int", choices=[1, 2]),
    )
    with pytest.raises(ParameterError, match=message):
        await NumericOptimizer(when=when).propose(step)


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
async def test_it_learns(sampler):
    step = first_step(
        tg.Parameter(0.9, name="x", low=0.0, high=1.0),
        tg.Parameter(1e-5, name="rate", low=1e-6, high=1.0, log=True),
        tg.Parameter("c", name="mode", choices=["a", "b", "c"]),
    )

    def score(v):
        off = (v["x"] - 0.3) ** 2 + math.log10(v["rate"] / 1e-2) ** 2 / 10
        return -off - (v["mode"] != "b")

    history = await tried(NumericOptimizer(sampler=sampler), step, score, 60)
    best = max(history, key=lambda t: t.score)
    assert best.values["mode"] == "b"
    assert best.score > -0.02


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
async def test_a_number_without_bounds_is_followed_beyond_its_first_span(sampler):
    step = first_step(tg.Parameter(2.0, name="x"))
    history = await tried(NumericOptimizer(sampler=sampler), step, lambda v: -abs(v["x"] - 300), 60)
    assert max(history, key=lambda t: t.score).values["x"] == pytest.approx(300, abs=30)


async def test_several_points_at_once_are_different_and_apart():
    step = first_step(tg.Parameter(0.5, name="x", low=0.0, high=1.0), count=8)
    for sampler in SAMPLERS:
        history = await tried(NumericOptimizer(sampler=sampler), step, lambda v: v["x"], 20)
        asked = replace(step, history=tuple(history), seed=99)
        proposals = await NumericOptimizer(sampler=sampler).propose(asked)
        assert len({p.values["x"] for p in proposals}) == 8


async def test_texts_are_left_alone_and_without_numbers_there_is_no_idea():
    step = first_step(tg.Parameter("hello", name="prompt"))
    assert await NumericOptimizer().propose(step) == []


def test_scores_with_another_prompt_count_when_a_point_joins_them():
    found = by_name(tg.Parameter(0.5, name="x", low=0.0, high=1.0), tg.Parameter("p", name="t"))
    values = {"x": 0.5, "t": "new"}
    space = Space.of(found, ["x"], values)

    def trial(number, x, text, score):
        return Trial(str(number), {"x": x, "t": text}, {"a": score} if score is not None else {})

    old = [trial(0, 0.5, "old", 0.2), trial(1, 0.8, "old", 0.4)]
    observed, pending = observe(space, [*old, trial(2, 0.1, "third", 0.9)], values)
    assert (observed, pending) == ([], [])
    observed, pending = observe(space, [*old, trial(3, 0.5, "new", 0.5)], values)
    assert {o.point: o.score for o in observed} == {(0.5,): 0.5, (0.8,): pytest.approx(0.7)}
    failed = trial(4, 0.9, "new", None)
    observed, pending = observe(space, [*old, trial(3, 0.5, "new", 0.5), failed], values)
    assert next(o.score for o in observed if o.point == (0.9,)) == 0.5
    assert observe(space, [failed], values) == ([], [(0.9,)])


def test_trials_on_different_examples_are_made_comparable():
    easy, hard = {f"e{i}": 1.0 for i in range(5)}, {f"h{i}": 0.0 for i in range(5)}
    both = Trial("both", {}, easy | hard)
    on_hard = Trial("hard", {}, dict.fromkeys(hard, 0.3))
    found = comparable([both, on_hard])
    assert on_hard.score < both.score
    assert found["hard"] > found["both"]
    assert comparable([both]) == {"both": 0.5}


def test_the_space_of_a_parameter():
    def dimension(*args, **options):
        found = by_name(tg.Parameter(*args, name="p", **options))
        [made] = Space.of(found, ["p"], {"p": args[0]}).dimensions
        return made

    levels = dimension(4, kind="int", choices=[8, 2, 4])
    assert [levels.decode(u) for u in (0.0, 0.5, 1.0)] == [2, 4, 8]
    rate = dimension(1e-3, low=1e-4, high=1.0, log=True)
    assert rate.decode(0.5) == pytest.approx(1e-2)
    assert dimension(0.0, low=0.0, high=1.0, log=True).decode(0.0) == pytest.approx(0)
    assert (dimension(3.0).low, dimension(3.0).high) == (0.0, 6.0)
    assert dimension(5, low=1).low == 1
    found = by_name(tg.Parameter("only", name="p", choices=["only"]))
    assert Space.of(found, ["p"], {}).dimensions == ()


async def test_steps_by_hand():
    x = tg.Parameter(0.0, name="x", low=-1.0, high=1.0)
    optimizer = NumericOptimizer([x], sampler="gp")
    for _ in range(15):
        optimizer.zero_feedback()
        distance = x * x
        optimizer.backward(distance, "", score=-distance.data)
        await optimizer.astep()
    assert max(t.score for t in optimizer.history) > -0.01


def test_an_unknown_sampler_is_refused():
    with pytest.raises(TracegraphError, match="use one of gp, tpe, random"):
        NumericOptimizer(sampler="grid")


@pytest.mark.parametrize(("sampler", "module"), [("tpe", "optuna"), ("gp", "numpy")])
async def test_a_missing_extra_is_named(sampler, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    for part in ("process", "warping"):
        monkeypatch.delitem(sys.modules, f"tracegraph.optimizers.sampling.{part}", raising=False)
    step = first_step(tg.Parameter(0.5, name="x", low=0.0, high=1.0))
    with pytest.raises(MissingExtraError, match=r"tracegraph\[numeric\]"):
        await NumericOptimizer(sampler=sampler).propose(step)


async def test_nothing_is_said_on_the_terminal(capfd, recwarn):
    await NumericOptimizer().propose(first_step(tg.Parameter(0.5, name="x", low=0.0, high=1.0)))
    captured = capfd.readouterr()
    assert (captured.out, captured.err, list(recwarn)) == ("", "", [])


async def test_rebuilding_the_study_is_cheap():
    step = first_step(*(tg.Parameter(0.5, name=f"x{i}", low=0.0, high=1.0) for i in range(6)))
    history = await tried(NumericOptimizer(sampler="random"), step, lambda v: -sum(v.values()), 100)
    asked = replace(step, history=tuple(history), seed=7)
    await NumericOptimizer(sampler="tpe").propose(asked)
    start = time.process_time()
    await NumericOptimizer(sampler="tpe").propose(asked)
    # Far below what it costs to evaluate anything; generous, for busy machines.
    assert time.process_time() - start < 0.3
