"""Solve a captured model again, with other solvers than the program's, from its neutral form."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

from .record import finite
from .scip import _CLASSES as SCIP_CLASSES

# (lower, upper, integer, cost) a column; (lower, upper, indices, values) a row.
Numbers = tuple[str, list[tuple[Any, ...]], list[tuple[Any, ...]]]


def solve(
    format: str, text: str, numbers: Numbers | None, solvers: list[str], seconds: float
) -> dict[str, dict[str, Any]]:
    """Return, by solver, its status, objective, bound and values; ``basis`` for linear programs.

    ``scip_plain`` is SCIP without presolving, cuts and heuristics, and with other random numbers.
    """
    told = {}
    with contextlib.redirect_stdout(io.StringIO()):
        if "highs" in solvers and numbers is not None:
            told["highs"] = highs(numbers, seconds)
        if "scip" in solvers:
            told["scip"] = scip(format, text, seconds)
        if "scip_plain" in solvers:
            told["scip_plain"] = scip(format, text, seconds, plain=True)
    return told


def highs(numbers: Numbers, seconds: float) -> dict[str, Any]:
    """Solve a linear model with HiGHS."""
    try:
        model = make_highs(numbers)
    except ImportError:
        return {"status": "missing"}
    model.setOptionValue("time_limit", seconds)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 1e-9)
    model.run()
    status = str(model.getModelStatus()).rpartition(".")[2]
    if status == "kUnboundedOrInfeasible":
        model.setOptionValue("presolve", "off")
        model.run()
        status = str(model.getModelStatus()).rpartition(".")[2]
    names = {
        "kOptimal": "optimal", "kModelEmpty": "optimal", "kInfeasible": "infeasible",
        "kUnbounded": "unbounded", "kTimeLimit": "timeout",
    }  # fmt: skip
    told: dict[str, Any] = {"status": names.get(status, "error")}
    if told["status"] != "optimal":
        return told
    discrete = any(column[2] for column in numbers[1])
    told["objective"] = float(model.getInfo().objective_function_value)
    told["bound"] = float(model.getInfo().mip_dual_bound) if discrete else told["objective"]
    told["values"] = [float(v) for v in model.getSolution().col_value]
    if not discrete:
        basis = model.getBasis()
        told["basis"] = tuple(
            [str(s).rpartition(".")[2] for s in part]
            for part in (basis.col_status, basis.row_status)
        )
    return told


def make_highs(numbers: Numbers) -> Any:
    """Return a HiGHS model of the numbers, silent, of one thread."""
    import highspy

    sense, columns, rows = numbers
    make: Any = highspy.Highs
    model = make()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    for n, (lower, upper, integer, cost) in enumerate(columns):
        model.addVar(*_sides(lower, upper))
        model.changeColCost(n, cost)
        if integer:
            model.changeColIntegrality(n, highspy.HighsVarType.kInteger)
    for lower, upper, indices, values in rows:
        model.addRow(*_sides(lower, upper), len(indices), indices, values)
    if sense == "maximize":
        model.changeObjectiveSense(highspy.ObjSense.kMaximize)
    return model


def scip(
    format: str, text: str, seconds: float, without: set[int] | None = None, plain: bool = False
) -> Any:
    """Solve the text of a model with SCIP; ``without`` some of its rows, ``plain`` by branching."""
    try:
        import pyscipopt
    except ImportError:
        return {"status": "missing"}
    path = f"again.{format}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    model = pyscipopt.Model()
    model.hideOutput()
    model.readProblem(path)
    for row in model.getConss() if without else ():
        if _number(row.name) in (without or ()):
            model.delCons(row)
    model.setParam("limits/time", seconds)
    model.setParam("limits/gap", 0.0)
    if plain:
        off = pyscipopt.scip.PY_SCIP_PARAMSETTING.OFF
        for part in (model.setPresolve, model.setSeparating, model.setHeuristics):
            part(off)
        model.setParam("randomization/randomseedshift", 1)
    model.optimize()
    told: dict[str, Any] = {"status": SCIP_CLASSES.get(model.getStatus(), "error")}
    if told["status"] in ("optimal", "timeout") and model.getNSols():
        told["objective"] = float(model.getObjVal())
        told["bound"] = finite(model.getDualbound())
        found = {_number(v.name): float(model.getVal(v)) for v in model.getVars()}
        told["values"] = [found[n] for n in sorted(found) if n >= 0]
    return told


def _number(name: str) -> int:
    """Return the index in names such as x3 (of our MPS) and b3, nlc3 (of SCIP's .nl reader).

    Readers add parts of their own, as for a constant in the objective; these get -1.
    """
    found = re.fullmatch(r"[a-z]+(\d+)", name)
    return int(found[1]) if found else -1


def _sides(lower: float | None, upper: float | None) -> tuple[float, float]:
    return (
        float("-inf") if lower is None else lower,
        float("inf") if upper is None else upper,
    )
