"""Diagnose: why a program gives no answer, or a wrong one, as text for whoever changes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tracegraph.envs.solver import exact
from tracegraph.envs.solver.certify import exact_optimum, numbers, resolve
from tracegraph.envs.solver.form import Column, Form, Row
from tracegraph.envs.solver.pool import SolverPool
from tracegraph.envs.solver.run import Model, SolverRun
from tracegraph.envs.solver.wording import sentence_of, unused_numbers

Finding = tuple[str, str, int]  # kind, sentence, line of the program (0: none)
_AT_BOUND = 1e-9


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found wrong, most telling first.

    Attributes:
        findings: (kind, text, line). Kinds: error, timeout, no_solve, no_answer, infeasible,
            conflict, unbounded, objective_bound, no_objective, unused_number, note.
    """

    findings: tuple[Finding, ...] = ()

    @property
    def text(self) -> str:
        """All findings, one a line: feedback for a person or an optimizer."""
        return "\n".join(text for _, text, _ in self.findings)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of the findings, each once."""
        return tuple(dict.fromkeys(kind for kind, _, _ in self.findings))


async def diagnose(
    run: SolverRun, code: str, question: str = "", *, pool: SolverPool | None = None
) -> Diagnosis:
    """Return what is wrong with a run, as far as it can be told without the right answer.

    Args:
        run: what came of the program.
        code: the program.
        question: the problem in words, for the sentences that a conflict comes from and for
            numbers that were not used.
        pool: solves what it takes to find conflicts and rays; without one these are left out.

    Raises:
        EnvError: the sandbox itself failed.
    """
    source = code.splitlines()
    found: list[Finding] = list(_ending(run, source))
    form = run.model.form() if run.model is not None else None
    if form is not None and form.expr is None and not any(form.linear.values()):
        text = (
            "No objective was set, so any feasible point is as good as another: call "
            'model.setObjective(…, "maximize") or "minimize" before optimize().'
        )
        found.append(("no_objective", text, 0))
    if run.model is not None and form is not None:
        trap = await _trap(run, run.model, form, source, pool)
        found += trap
        if run.status == "infeasible" and pool is not None and not trap:
            found += await _conflict(run.model, form, source, question, pool)
        if run.status == "unbounded" and pool is not None and form.is_linear:
            found += await _ray(run.model, form, source, pool)
    for number, sentence in unused_numbers(question, code, _coefficients(form)):
        text = f"The program never uses the number {number:g} of: {_short(sentence)}"
        found.append(("unused_number", text, 0))
    return Diagnosis(tuple(found))


def _ending(run: SolverRun, source: list[str]) -> Iterable[Finding]:
    line = _line_of(run.error)
    if run.status == "infeasible":
        yield ("infeasible", "The model is infeasible: no values keep all constraints.", 0)
    elif run.status == "unbounded":
        yield ("unbounded", "The model is unbounded: the objective improves without end.", 0)
    elif run.status == "timeout":
        yield ("timeout", f"No proved optimum in time. {run.error}".strip(), 0)
    elif run.status == "no_solve":
        yield ("no_solve", "The program ended without solving a model (no call of optimize()).", 0)
    elif run.error:
        yield ("error", f"The program failed: {run.error}{_quote(source, line)}", line)
    if run.status == "optimal" and not run.answer:
        text = 'The program prints no line `ANSWER {"objective": …}` with its results as JSON.'
        yield ("no_answer", text, 0)
    if run.note:
        yield ("note", run.note, 0)


async def _trap(
    run: SolverRun, model: Model, form: Form, source: list[str], pool: SolverPool | None
) -> list[Finding]:
    """Find an objective variable that stops at its lower bound of 0 instead of at its meaning."""
    variables = [n for n, cost in form.linear.items() if cost]
    if form.expr is not None or len(variables) != 1:
        return []
    z = variables[0]
    defined = any(z in row.linear and (len(row.linear) > 1 or row.expr) for row in form.rows)
    if form.columns[z].lower != 0 or form.columns[z].integer or not defined:
        return []
    element = model.variables[z]
    if run.status == "infeasible":
        # It is the cause exactly when there are solutions without the bound.
        if pool is None:
            return []
        columns = list(form.columns)
        columns[z] = Column(None, form.columns[z].upper)
        free = replace(form, columns=tuple(columns))
        if not form.is_linear or not await _solvable(free, pool):
            return []
        what = "so that the model is infeasible although it has solutions"
    else:
        value = next((v.value for v in run.variables if v.name == element.name), None)
        if form.sense != "minimize" or value is None or abs(value) > _AT_BOUND:
            return []
        what = "and the optimum stands exactly at this bound"
    text = (
        f"The objective variable {element.name} has the default lower bound 0, {what}; "
        f"give it lb=None.{_quote(source, element.line)}"
    )
    return [("objective_bound", text, element.line)]


async def _solvable(form: Form, pool: SolverPool) -> bool:
    told = await resolve(None, form, pool, ["scip"])
    return bool(told["scip"]["status"] in ("optimal", "unbounded"))


async def _conflict(
    model: Model, form: Form, source: list[str], question: str, pool: SolverPool
) -> list[Finding]:
    given = (model.format, model.text, numbers(form) if form.is_linear else None,
             len(form.rows), pool.seconds)  # fmt: skip
    answer = await pool.call("conflict", "conflict", given)
    told: dict[str, Any] | None = answer.value if answer.ok else None
    if told is None:
        return []
    together = "cannot hold together, and without any one of them the rest can"
    least = together if told["proved"] else "conflict"
    found: list[Finding] = [("conflict", f"These constraints {least}:", 0)]
    for n in told["rows"]:
        element, row = model.constraints[n], form.rows[n]
        text = f"- constraint {element.name} ({_shown(row, model)})"
        text += _quote(source, element.line)
        words = element.name + " " + " ".join(model.variables[v].name for v in row.linear)
        if sentence := sentence_of(question, words, _of_row(row)):
            text += f", from: {_short(sentence)}"
        found.append(("conflict", text, element.line))
    for side in ("lower", "upper"):
        for n in told[side]:
            element = model.variables[n]
            bound = getattr(form.columns[n], side)
            text = f"- {side} bound {bound:g} of {element.name}{_quote(source, element.line)}"
            found.append(("conflict", text, element.line))
    return found


async def _ray(model: Model, form: Form, source: list[str], pool: SolverPool) -> list[Finding]:
    ray = await exact_optimum(exact.directions(form.relaxed()), pool)
    if ray is None:
        return []
    moving = [(n, step) for n, step in enumerate(ray[0]) if step]
    if not moving:
        return []
    said = ", ".join(
        f"{model.variables[n].name} {'grows' if step > 0 else 'falls'}" for n, step in moving
    )
    line = model.variables[moving[0][0]].line
    text = (
        f"No constraint stops this: {said}. A bound or constraint is missing, or the sense "
        f"({form.sense}) is wrong.{_quote(source, line)}"
    )
    return [("unbounded", text, line)]


def _coefficients(form: Form | None) -> list[float]:
    if form is None:
        return []
    values = [v for c in form.columns for v in (c.lower, c.upper) if v is not None]
    for row in form.rows:
        values += _of_row(row)
    return [*values, *form.linear.values(), form.offset]


def _of_row(row: Row) -> list[float]:
    return [*row.linear.values(), *(s for s in (row.lower, row.upper) if s is not None)]


def _shown(row: Row, model: Model) -> str:
    parts = [f"{value:+g} {model.variables[n].name}" for n, value in row.linear.items()]
    shown = " ".join([*parts, *(["+ …"] if row.expr is not None else [])])
    if row.lower is not None and row.lower == row.upper:
        return f"{shown} = {row.lower:g}"
    left = "" if row.lower is None else f"{row.lower:g} <= "
    return left + shown + ("" if row.upper is None else f" <= {row.upper:g}")


def _quote(source: list[str], line: int) -> str:
    return f" [line {line}: {source[line - 1].strip()}]" if 0 < line <= len(source) else ""


def _line_of(error: str) -> int:
    head, _, rest = error.partition("line ")
    number = rest.partition(":")[0]
    return int(number) if not head and number.isdigit() else 0


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"
