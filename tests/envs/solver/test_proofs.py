"""Certificates and diagnoses."""

from fractions import Fraction
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest

from benchmarks.solver import certificates
from tests.envs.solver import programs as p
from tracegraph.envs.solver import SolverPool, SolverTask, certify, diagnose, exact
from tracegraph.envs.solver.form import Column, Form, Row
from tracegraph.envs.solver.nl4opt import number, task_of


@pytest.mark.parametrize(
    ("code", "kind", "value"),
    [
        (p.LP, "exact_lp", "17/2"), (p.MILP, "milp_agreement", "8"),
        (p.HIGHS, "milp_agreement", "8"),
        (p.NONLINEAR, "minlp_bound", ""), (p.LP.replace("<= 4.5", "<= -4.5"), "farkas", ""),
        (p.TRAP.format(shift=1, sense="maximize").replace(", ub=40", ""), "ray", ""),
        (p.NONLINEAR.replace(">= 1,", ">= 99,"), "minlp_infeasible", ""),
    ],
)  # fmt: skip
async def test_each_outcome_is_certified(
    pool: SolverPool, code: str, kind: str, value: str
) -> None:
    proof = await certify(await pool.run(code), pool)
    assert proof.ok, proof
    assert (proof.kind, proof.value) == (kind, value)


@pytest.mark.parametrize("second", ["optimal", "timeout", "error"])
async def test_a_nonlinear_model_is_not_infeasible_by_one_solver_alone(
    pool: SolverPool, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    run = await pool.run(p.NONLINEAR.replace(">= 1,", ">= 99,"))
    told = {"scip": {"status": "infeasible"}, "scip_plain": {"status": second}}
    call = AsyncMock(return_value=SimpleNamespace(ok=True, value=told))
    monkeypatch.setattr(pool, "call", call)
    proof = await certify(run, pool)
    assert (proof.ok, proof.kind) == (False, "minlp_infeasible")
    assert call.await_args.args[2][3] == ["scip", "scip_plain"]


async def test_a_solution_that_is_not_optimal_is_found_out(pool: SolverPool) -> None:
    run = await pool.run(p.LAZY)
    assert run.status == "optimal"
    proof = await certify(run, pool)
    assert not proof.ok
    assert "is not optimal" in proof.text
    assert proof.objective is not None
    assert run.objective is not None
    assert proof.objective > run.objective


def test_wrong_proofs_are_refused() -> None:
    # max x + y, x + 2y <= 4, 3x + y <= 6
    form = Form("maximize", (Column(0.0, None), Column(0.0, None)),
                (Row(None, 4.0, {0: 1.0, 1: 2.0}), Row(None, 6.0, {0: 3.0, 1: 1.0})),
                {0: 1.0, 1: 1.0})  # fmt: skip
    x = [Fraction(8, 5), Fraction(6, 5)]
    y = [Fraction(-2, 5), Fraction(-1, 5)]
    assert exact.proves_optimal(form, x, y)
    assert not exact.proves_optimal(form, [Fraction(2), Fraction(0)], y)
    assert not exact.proves_optimal(form, [Fraction(16, 10) + Fraction(1, 10**12), x[1]], y)
    assert not exact.proves_optimal(form, x, [Fraction(-1, 2), Fraction(-1, 5)])
    assert not exact.proves_optimal(form, x, [-part for part in y])
    assert not exact.proves_infeasible(form, [Fraction(1), Fraction(1)])
    assert not exact.proves_unbounded(form, x, [Fraction(1), Fraction(0)])


ANNOTATED = {
    "order_mapping": {"lamps": 0, "lamp": 0, "chairs": 1},
    "vars": ["lamps", "chairs"],
    "var_mention_to_first_var": {"lamp": "lamps", "lamps": "lamps", "chairs": "chairs"},
    "document": "A shop sells lamps and chairs.",
    "obj_declaration": {"type": "objective", "direction": "maximize",
                        "terms": {"lamps": "20", "chairs": "1,5"}},
    "const_declarations": [
        {"type": "sum", "limit": "30", "operator": "LESS_OR_EQUAL"},
        {"type": "ratio", "var": "lamp", "limit": "40%", "operator": "LESS_OR_EQUAL"},
        {"type": "xby", "x_var": "chairs", "param": "twice", "y_var": "lamps",
         "operator": "LESS_OR_EQUAL"},
    ],
}  # fmt: skip


async def test_annotated_problems_are_proved(pool: SolverPool) -> None:
    least = {"type": "lowerbound", "var": "lamps", "limit": "five", "operator": "GREATER_OR_EQUAL"}
    rules = ANNOTATED["const_declarations"]
    tasks: list[SolverTask] = [
        task_of("optimal", ANNOTATED),
        task_of("infeasible", ANNOTATED | {"const_declarations": [
            *rules, least | {"limit": "13"}]}),
        task_of("unbounded", ANNOTATED | {"const_declarations": [least]}),
    ]  # fmt: skip
    counts, unproved = await certificates(tasks)
    assert dict(counts) == {"optimal: exact_lp": 1, "infeasible: farkas": 1, "unbounded: ray": 1}
    assert not unproved


@pytest.mark.parametrize(
    ("text", "value"),
    [("5,000", 5000), ("30%", 0.3), ("two thirds", 2 / 3), ("twice", 2), ("8000 minutes", 8000)],
)
def test_annotated_numbers(text: str, value: float) -> None:
    assert number(text) == pytest.approx(value)


async def test_the_objective_trap_is_found(pool: SolverPool) -> None:
    low = p.TRAP.format(shift=5, sense="minimize")
    run = await pool.run(low)
    assert (run.status, run.objective) == ("optimal", 0.0)
    assert "objective_bound" in (await diagnose(run, low, pool=pool)).kinds
    none = p.TRAP.format(shift=50, sense="maximize")
    found = await diagnose(await pool.run(none), none, pool=pool)
    assert "objective_bound" in found.kinds
    assert "line 6: obj = m.addVar" in found.text
    free = low.replace('"obj")', '"obj", lb=None)')
    run = await pool.run(free)
    assert run.objective == -5
    assert "objective_bound" not in (await diagnose(run, free, pool=pool)).kinds


async def test_a_forgotten_objective_is_found(pool: SolverPool) -> None:
    forgot = "\n".join(line for line in p.LP.splitlines() if "setObjective" not in line)
    assert "no_objective" in (await diagnose(await pool.run(forgot), forgot, pool=pool)).kinds
    assert "no_objective" not in (await diagnose(await pool.run(p.LP), p.LP, pool=pool)).kinds


async def test_a_conflict_names_lines_and_sentences(pool: SolverPool) -> None:
    code = p.MILP.replace(
        "m.setObjective",
        'm.addCons(x >= 6, name="cakes")\nm.addCons(y <= 2, name="harmless")\nm.setObjective',
    )
    question = "There are 4.5 kg of flour. At least 6 cakes are wanted. Rent is $37."
    run = await pool.run(code)
    found = await diagnose(run, code, question, pool=pool)
    lines = {line for kind, _, line in found.findings if kind == "conflict"}
    assert {8, 9} <= lines
    assert 10 not in lines
    assert "from: There are 4.5 kg of flour." in found.text
    assert "from: At least 6 cakes are wanted." in found.text
    unused = [text for kind, text, _ in found.findings if kind == "unused_number"]
    assert unused == ["The program never uses the number 37 of: Rent is $37."]


async def test_a_ray_names_what_grows(pool: SolverPool) -> None:
    code = p.TRAP.format(shift=1, sense="maximize").replace(", ub=40", "")
    found = await diagnose(await pool.run(code), code, pool=pool)
    assert "x grows" in found.text
