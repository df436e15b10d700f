"""From what a worker told to a SolverRun: the model is written, read again, and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tracegraph.envs.solver import mps, nl
from tracegraph.envs.solver.answer import read_answer, split_unit
from tracegraph.envs.solver.canonical import model_hash
from tracegraph.envs.solver.errors import ModelTextError
from tracegraph.envs.solver.form import Column, Form, Row
from tracegraph.envs.solver.run import Element, Model, SolverRun, Variable
from tracegraph.sandbox import Answer

_ENDS = {
    "timeout": "it took longer than {seconds:g} s and was ended",
    "memory": "it used more memory than allowed",
    "output": "it printed more than allowed",
    "disk": "it wrote more to disk than allowed",
    "killed": "the process crashed (a fault in native code, or it ended itself)",
    "refused": "it was refused: {error}",
}


def build(answer: Answer, seconds: float) -> SolverRun:
    """Return the run that a worker's answer tells of; ``seconds`` was the deadline."""
    if answer.status != "ok":
        why = _ENDS.get(answer.status, "{error}").format(seconds=seconds, error=answer.error)
        status: Any = "timeout" if answer.status == "timeout" else "error"
        return SolverRun(status, error=why, stdout=answer.stdout, seconds=answer.seconds)
    told = answer.value
    solves = told["solves"]
    error = told["error"]
    if error and told["line"]:
        error = f"line {told['line']}: {error}"
    common: dict[str, Any] = {
        "stdout": answer.stdout, "error": error, "seconds": answer.seconds,
        "answer": read_answer(answer.stdout), "solves": len(solves),
    }  # fmt: skip
    if not solves:
        return SolverRun("error" if error else "no_solve", **common)
    last = solves[-1]
    model, note = None, str(last["note"])
    try:
        model = _model(last)
    except ModelTextError as trouble:
        note = str(trouble)
    # A program that fails after its solve has failed, but for one that reads a solution where
    # there is none: what matters then is why there is none.
    status = last["status"]
    if error and status not in ("infeasible", "unbounded"):
        status = "error"
    return SolverRun(
        status,
        objective=last.get("objective"), variables=_variables(last, common["answer"]),
        dual_bound=last.get("bound"), gap=last.get("gap"), nodes=last.get("nodes"), model=model,
        log=last.get("log", ""), note=note, solver=last["solver"], **common,
    )  # fmt: skip


def _variables(solve: dict[str, Any], answer: Iterable[str]) -> tuple[Variable, ...]:
    columns = solve.get("columns", ())
    values = solve.get("values") or [None] * len(columns)
    answered = dict(map(split_unit, answer))
    return tuple(
        Variable(name, value, kind, lower, upper, split_unit(name)[1] or answered.get(name, ""))
        for (name, kind, lower, upper, _), value in zip(columns, values, strict=True)
    )


def _model(solve: dict[str, Any]) -> Model | None:
    if "linear" in solve:
        return _linear(solve)
    if solve.get("nl"):
        return _nonlinear(solve)
    return None


def _linear(solve: dict[str, Any]) -> Model:
    linear = solve["linear"]
    columns = tuple(
        Column(lower, upper, kind != "continuous") for _, kind, lower, upper, _ in solve["columns"]
    )
    rows = tuple(
        Row(low, high, dict(zip(at, values, strict=True)))
        for low, high, at, values in linear["rows"]
    )
    costs = {n: cost for n, cost in enumerate(linear["costs"]) if cost}
    form = Form(solve["sense"], columns, rows, costs, linear["offset"])
    names = [Element(name, line) for name, *_, line in solve["columns"]]
    return model_of(form, names, [Element(*row) for row in solve["rows"]])


def model_of(form: Form, variables: list[Element], constraints: list[Element]) -> Model:
    """Return a linear model as text.

    Raises:
        ModelTextError: the text does not read back as the same model.
    """
    text = mps.write(form)
    if mps.read(text) != form:
        raise ModelTextError("the model does not read back from MPS as it was")
    return Model(
        "mps", text, form.kind, form.sense, tuple(variables), tuple(constraints), model_hash(form)
    )


def _nonlinear(solve: dict[str, Any]) -> Model:
    text = solve["nl"]
    form = nl.read(text)
    # The format has an order of its own, which the names beside it tell.
    lines = {name: line for name, *_, line in solve["columns"]}
    row_lines = dict(solve["rows"])
    captured = Counter(
        (name, _number(lower), _number(upper), kind != "continuous")
        for name, kind, lower, upper, _ in solve["columns"]
    )
    names, rows = solve["nl_columns"], solve["nl_rows"][: len(form.rows)]
    read = Counter(
        (name, _number(c.lower), _number(c.upper), c.integer)
        for name, c in zip(names, form.columns, strict=False)
    )
    if (
        captured != read
        or len(rows) != len(form.rows)
        or len(solve["rows"]) != len(form.rows)
        or form.sense != solve["sense"]
    ):
        raise ModelTextError("the model does not read back from .nl as it was")
    return Model(
        "nl", text, form.kind, form.sense,
        tuple(Element(name, lines.get(name, 0)) for name in names),
        tuple(Element(name, row_lines.get(name, 0)) for name in rows),
        model_hash(form),
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
