"""Models as text: round trips, and a hash that knows what a model says."""

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.envs.solver import programs as p
from tracegraph.agents.resocratic.seeds import load_seeds
from tracegraph.envs.solver import Form, SolverPool, mps, nl
from tracegraph.envs.solver.canonical import model_hash
from tracegraph.envs.solver.certify import resolve
from tracegraph.envs.solver.errors import ModelTextError
from tracegraph.envs.solver.form import Column, Row

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).filter(lambda v: v == 0 or abs(v) > 1e-6)
SIDES = st.one_of(st.none(), NUMBERS)


@st.composite
def forms(draw: st.DrawFn) -> Form:
    count = draw(st.integers(1, 4))
    columns = tuple(Column(draw(SIDES), draw(SIDES), draw(st.booleans())) for _ in range(count))
    some = st.dictionaries(st.integers(0, count - 1), NUMBERS.filter(bool), max_size=count)
    rows = tuple(
        Row(*_ordered(draw(SIDES), draw(SIDES)), draw(some)) for _ in range(draw(st.integers(0, 4)))
    )
    sense = draw(st.sampled_from(["minimize", "maximize"]))
    return Form(sense, columns, rows, draw(some), draw(NUMBERS))


def _ordered(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    if low is not None and high is not None:
        # A range is written as a width; whole numbers keep it exact.
        low, high = float(math.floor(min(low, high))), float(math.floor(max(low, high)))
    return low, high


@given(forms())
def test_mps_reads_back_as_written(form: Form) -> None:
    assert mps.read(mps.write(form)) == form


@given(forms(), st.randoms(use_true_random=False))
def test_the_hash_knows_no_order_and_no_scale(form: Form, draw: random.Random) -> None:
    at = list(range(len(form.columns)))
    draw.shuffle(at)
    new = {old: n for n, old in enumerate(at)}
    rows = [
        Row(
            None if r.lower is None else r.lower * 2, None if r.upper is None else r.upper * 2,
            {new[n]: v * 2 for n, v in r.linear.items()},
        )
        for r in form.rows
    ]  # fmt: skip
    draw.shuffle(rows)
    other = Form(
        form.sense, tuple(form.columns[n] for n in at), tuple(rows),
        {new[n]: v for n, v in form.linear.items()}, form.offset,
    )  # fmt: skip
    assert model_hash(other) == model_hash(form)
    turned = "minimize" if form.sense == "maximize" else "maximize"
    negated = {n: -v for n, v in form.linear.items()}
    assert model_hash(replace(form, sense=turned, linear=negated, offset=-form.offset)) == (
        model_hash(form)
    )


def test_the_hash_sees_what_differs() -> None:
    form = Form("minimize", (Column(0.0, None), Column(0.0, 9.0)),
                (Row(3.0, None, {0: 1.0, 1: 2.0}),), {0: 1.0, 1: 1.0})  # fmt: skip
    others = [
        replace(form, sense="maximize"),
        replace(form, columns=(Column(0.0, None, True), Column(0.0, 9.0))),
        replace(form, rows=(Row(4.0, None, {0: 1.0, 1: 2.0}),)),
        replace(form, rows=(Row(None, 3.0, {0: 1.0, 1: 2.0}),)),
        replace(form, linear={0: 1.0, 1: 2.0}),
    ]
    assert len({model_hash(one) for one in (form, *others)}) == 6


async def test_an_objective_variable_changes_no_hash(pool: SolverPool) -> None:
    written = p.MILP.replace(
        'm.setObjective(x + 2 * y + 1, "maximize")',
        'z = m.addVar("z", lb=None)\nm.addCons(z == x + 2 * y + 1)\nm.setObjective(z, "maximize")',
    )
    one, other = await pool.run_many([p.MILP, written])
    assert one.model is not None
    assert other.model is not None
    assert one.model.hash == other.model.hash
    assert one.objective == other.objective


FUNCTIONS = """
from pyscipopt import Model, exp, log, sqrt, sin, cos
m = Model()
m.hideOutput()
x = m.addVar("the x", lb=0.5, ub=4)
y = m.addVar("y", lb=1, ub=5, vtype="I")
b = m.addVar("b", vtype="B")
w = m.addVar("w", lb=-2, ub=2)
obj = m.addVar("obj", lb=None)
m.addCons(exp(w) + sqrt(y) <= 9, name="growth")
m.addCons(x * y ** 2 - w / x + log(y) * b >= 2, name="mixed")
m.addCons(x + y + b <= 7.5, name="linear")
m.addCons(abs(w) + sin(x) * cos(w) <= 1.8)
m.addCons(obj == x * y - w ** 3 + 4 * b)
m.setObjective(obj, "maximize")
m.optimize()
"""


async def test_nl_reads_back_as_the_same_model(pool: SolverPool) -> None:
    run = await pool.run(FUNCTIONS)
    assert run.status == "optimal", run
    assert run.model is not None, run.note
    assert (run.model.format, run.model.kind) == ("nl", "MINLP")
    form = run.model.form()
    values = {v.name: v.value for v in run.variables}
    point = [values[v.name] or 0.0 for v in run.model.variables]
    assert form.objective_at(point) == pytest.approx(run.objective)
    assert form.violation(point)[0] < 1e-5
    lines = {c.name: c.line for c in run.model.constraints}
    assert (lines["growth"], lines["mixed"], lines["linear"]) == (10, 11, 12)
    again = await pool.call("resolve", "solve", ("nl", run.model.text, None, ["scip"], 8.0))
    assert again.value["scip"]["objective"] == pytest.approx(run.objective, rel=1e-5)


async def test_nl_texts_solve_to_what_their_programs_found(pool: SolverPool) -> None:
    from benchmarks.solver import nonlinear

    seeds = [each for each in load_seeds() if each.kind == "nonlinear"]
    none = [p.NONLINEAR.replace(">= 1,", ">= 99,")]
    codes = [*(nonlinear(n) for n in range(12)), *(each.program for each in seeds), *none]
    runs = await pool.run_many(codes)
    assert Counter(run.status for run in runs) == {"optimal": 12 + len(seeds), "infeasible": 1}
    powers = 0
    for run in runs:
        assert run.model is not None, run.note
        assert run.model.format == "nl"
        powers += "o76" in run.model.text
        again = (await resolve(run.model, run.model.form(), pool, ["scip"]))["scip"]
        assert again["status"] == run.status
        if run.objective is None:
            continue
        # Seeds whose optimum is not at a corner are solved to a gap of 1e-6 or so.
        assert again["objective"] == pytest.approx(run.objective, rel=1e-5)
        form = run.model.form()
        assert form.objective_at(again["values"]) == pytest.approx(run.objective, rel=1e-5)
        assert form.violation(again["values"])[0] < 1e-5
    assert powers  # the operator of powers with another exponent than 2 is among them


async def test_a_nonlinear_model_is_never_mps(pool: SolverPool) -> None:
    run = await pool.run(p.NONLINEAR)
    assert run.model is not None
    assert run.model.format == "nl"
    with pytest.raises(ModelTextError, match="linear models only"):
        mps.write(run.model.form())


@given(st.text(max_size=200))
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ModelTextError):
        nl.read(text)
    with pytest.raises(ModelTextError):
        nl.read("g3 1 1 0\n" + text)
