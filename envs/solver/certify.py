"""Certify: what other solvers and exact arithmetic say about a run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

from tracegraph.envs.solver import exact, mps
from tracegraph.envs.solver.form import Column, Form, Row
from tracegraph.envs.solver.pool import SolverPool
from tracegraph.envs.solver.run import Model, SolverRun

CertificateKind = Literal[
    "exact_lp", "lp_agreement", "farkas", "ray", "milp_agreement", "minlp_bound",
    "minlp_infeasible", "none",
]  # fmt: skip
_TOLERANCE = 1e-6
_LARGEST = 400  # rows or columns for which exact elimination is quick


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far the outcome of a run is proved.

    Attributes:
        ok: the outcome of the run is confirmed.
        kind: ``exact_lp`` optimal by multipliers and ``farkas`` infeasible by a ray, both in
            rational numbers; ``ray`` unbounded, likewise; ``milp_agreement`` two solvers, and the
            point checked in rational numbers; ``lp_agreement`` the same where a linear program
            has no exact proof; ``minlp_bound`` dual bound, gap, and the point checked;
            ``minlp_infeasible`` SCIP found no point twice, in two ways.
        objective: the best value known.
        solvers: the objective that each solver found; None where it found none.
        gap: between objective and proved bound, relative to max(1, size).
        text: what was found, in a sentence.
        value: the objective as an exact fraction, where it is known.
    """

    ok: bool
    kind: CertificateKind
    objective: float | None = None
    solvers: Mapping[str, float | None] = field(default_factory=dict)
    gap: float | None = None
    text: str = ""
    value: str = ""


async def certify(run: SolverRun, pool: SolverPool) -> Certificate:
    """Return how far the status and objective of a run are proved.

    Raises:
        EnvError: the sandbox itself failed.
    """
    if run.model is None:
        return Certificate(False, "none", text=run.note or f"there is no model ({run.status})")
    form = run.model.form()
    if run.status == "optimal" and run.objective is not None:
        if form.kind == "LP":
            return await _linear(run.objective, run.model, form, pool)
        if form.kind == "MILP":
            return await _integer(run.objective, run.model, form, pool)
        return await _nonlinear(run, run.model, form, pool)
    if run.status == "infeasible":
        return await _infeasible(run.model, form, pool)
    if run.status == "unbounded" and form.is_linear:
        return await _unbounded(form, pool)
    return Certificate(False, "none", text=f"the status {run.status} has no certificate")


async def resolve(
    model: Model | None, form: Form, pool: SolverPool, solvers: list[str]
) -> dict[str, dict[str, Any]]:
    """Solve a model with other solvers; see ``inside/resolve.py``. A model may be a form only."""
    if model is None:
        kind, text = "mps", mps.write(form)
    else:
        kind, text = model.format, model.text
    given = (kind, text, numbers(form) if form.is_linear else None, solvers, pool.seconds)
    answer = await pool.call("resolve", "solve", given)
    return answer.value if answer.ok else {name: {"status": "error"} for name in solvers}


def numbers(form: Form) -> Any:
    """Return a linear model as what ``inside/resolve.py`` takes."""
    columns = [(c.lower, c.upper, c.integer, form.linear.get(n, 0.0))
               for n, c in enumerate(form.columns)]  # fmt: skip
    rows = [(r.lower, r.upper, list(r.linear), list(r.linear.values())) for r in form.rows]
    return form.sense, columns, rows


async def exact_optimum(
    form: Form, pool: SolverPool
) -> tuple[list[Fraction], list[Fraction]] | None:
    """Return a point and multipliers that prove a linear program's optimum; None without proof."""
    if max(len(form.columns), len(form.rows)) > _LARGEST:
        return None
    told = await resolve(None, form, pool, ["highs"])
    basis = told["highs"].get("basis")
    if basis is None:
        return None
    found = await asyncio.to_thread(exact.from_basis, form, *basis)
    return found if found is not None and exact.proves_optimal(form, *found) else None


async def _linear(value: float, model: Model, form: Form, pool: SolverPool) -> Certificate:
    told = await resolve(model, form, pool, ["highs", "scip"])
    values = _values(told, form)
    found = await exact_optimum(form, pool)
    if found is not None:
        best = exact.objective(form, found[0])
        ok = _close(value, float(best))
        text = f"{best} is optimal, by exact multipliers" + (
            "" if ok else f"; the program's {value:g} is not"
        )
        return Certificate(ok, "exact_lp", float(best), values, 0.0, text, str(best))
    return _agreement(value, values, "lp_agreement", form)


async def _integer(value: float, model: Model, form: Form, pool: SolverPool) -> Certificate:
    told = await resolve(model, form, pool, ["highs", "scip"])
    certificate = _agreement(value, _values(told, form), "milp_agreement", form)
    if not certificate.ok:
        return certificate
    for answer in told.values():
        if answer["status"] != "optimal":
            continue
        fixed = _fixed(form, answer["values"])
        found = await exact_optimum(fixed, pool)
        if found is not None and exact.feasible(form, found[0], whole=True):
            best = exact.objective(form, found[0])
            if _close(value, float(best)):
                text = f"{certificate.text}; a point with exactly {best} is feasible"
                return Certificate(
                    True, "milp_agreement", float(best), certificate.solvers, 0.0, text, str(best)
                )
    text = f"{certificate.text}; but no point with that value is feasible exactly"
    return Certificate(
        False, "milp_agreement", certificate.objective, certificate.solvers, certificate.gap, text
    )


def _fixed(form: Form, values: list[float]) -> Form:
    columns = tuple(
        Column(float(round(v)), float(round(v))) if c.integer else Column(c.lower, c.upper)
        for c, v in zip(form.columns, values, strict=True)
    )
    return replace(form, columns=columns)


def _agreement(
    value: float, values: dict[str, float | None], kind: CertificateKind, form: Form
) -> Certificate:
    known = {name: v for name, v in values.items() if v is not None}
    if not known:
        return Certificate(False, kind, None, values, text="no other solver found an optimum")
    pick = max if form.sense == "maximize" else min
    best = pick([value, *known.values()])
    agreed = all(_close(best, v) for v in known.values())
    said = ", ".join(f"{name} {v:.10g}" for name, v in known.items())
    gap = abs(value - best) / max(1.0, abs(best))
    if agreed and _close(best, value):
        ok = len(known) > 1
        return Certificate(ok, kind, best, values, gap, f"the same optimum by {said}")
    why = f"the program's {value:.10g} is not optimal" if agreed else "the solvers disagree"
    return Certificate(False, kind, best, values, gap, f"{why}: {said}")


async def _nonlinear(run: SolverRun, model: Model, form: Form, pool: SolverPool) -> Certificate:
    value = run.objective
    assert value is not None
    told = (await resolve(model, form, pool, ["scip"]))["scip"]
    again, bound = told.get("objective"), told.get("bound")
    values = {"scip": again}
    if told["status"] not in ("optimal", "timeout") or again is None or bound is None:
        text = f"solved again, the model is {told['status']}"
        return Certificate(False, "minlp_bound", value, values, text=text)
    gap = abs(value - bound) / max(1.0, abs(value))
    over, where = form.violation(told["values"])
    at = form.objective_at(told["values"])
    problems = []
    if gap > _TOLERANCE:
        problems.append(f"the proved bound {bound:.10g} leaves a gap of {gap:.2g}")
    if over > _TOLERANCE:
        problems.append(f"the point breaks {where} by {over:.2g}")
    if not _close(at, value):
        problems.append(f"the objective at the point is {at:.10g}, not {value:.10g}")
    text = "; ".join(problems) or f"bound {bound:.10g} proved by scip, the point checked"
    return Certificate(not problems, "minlp_bound", again, values, gap, text)


async def _infeasible(model: Model, form: Form, pool: SolverPool) -> Certificate:
    if form.is_linear:
        parts: list[Column | Row] = [*form.columns, *form.rows]
        if any(_empty(part.lower, part.upper) for part in parts):
            return Certificate(True, "farkas", text="infeasible: a lower bound is above its upper")
        found = await exact_optimum(exact.elastic(form.relaxed()), pool)
        if found is not None and exact.proves_infeasible(form, found[1]):
            return Certificate(True, "farkas", text="infeasible, by an exact Farkas ray")
    # No second solver here takes nonlinear models: SCIP works again without what it did at first.
    solvers = ["highs", "scip"] if form.is_linear else ["scip", "scip_plain"]
    told = await resolve(model, form, pool, solvers)
    ok = all(answer["status"] == "infeasible" for answer in told.values())
    said = ", ".join(f"{name}: {answer['status']}" for name, answer in told.items())
    return Certificate(ok, "milp_agreement" if form.is_linear else "minlp_infeasible", text=said)


async def _unbounded(form: Form, pool: SolverPool) -> Certificate:
    relaxed = form.relaxed()
    ray = await exact_optimum(exact.directions(relaxed), pool)
    point = await exact_optimum(
        Form(relaxed.sense, relaxed.columns, relaxed.rows, {}), pool
    )  # the objective does not matter for a first point
    if ray is None or point is None:
        return Certificate(False, "none", text="no ray was found")
    ok = exact.proves_unbounded(relaxed, point[0], ray[0])
    if ok and form.kind == "MILP":
        # A rational ray has a whole multiple, so that only a whole point is missing.
        told = await resolve(None, Form(form.sense, form.columns, form.rows, {}), pool, ["scip"])
        ok = told["scip"]["status"] == "optimal"
    text = "unbounded, by an exact ray" if ok else "the ray does not hold"
    return Certificate(ok, "ray" if ok else "none", text=text)


def _empty(lower: float | None, upper: float | None) -> bool:
    return lower is not None and upper is not None and lower > upper


def _values(told: dict[str, dict[str, Any]], form: Form) -> dict[str, float | None]:
    # HiGHS is given the numbers without the constant, SCIP the whole text.
    values: dict[str, float | None] = {}
    for name, answer in told.items():
        value = answer.get("objective") if answer["status"] == "optimal" else None
        values[name] = value + form.offset if value is not None and name == "highs" else value
    return values


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(1.0, abs(one), abs(other))
