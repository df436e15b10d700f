"""Watch highspy: a subclass of Highs that tells what was built and what came of it.

Pyomo reaches HiGHS through the same class, so its models are seen too.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from .record import Recorder, finite, line_here

_CLASSES = {
    "kOptimal": "optimal", "kModelEmpty": "optimal", "kInfeasible": "infeasible",
    "kUnbounded": "unbounded", "kUnboundedOrInfeasible": "unbounded", "kTimeLimit": "timeout",
    "kIterationLimit": "timeout", "kSolutionLimit": "timeout", "kInterrupt": "timeout",
    "kObjectiveBound": "timeout", "kObjectiveTarget": "timeout",
}  # fmt: skip


def watch(recorder: Recorder) -> None:
    """Put the subclass in the place of ``highspy.Highs``."""
    import highspy

    package: Any = highspy
    package.Highs = package.highs.Highs = make(package.Highs, recorder)


def make(base: Any, recorder: Recorder) -> Any:
    """Return a Highs that records; what the program sees of it is the same."""

    class Highs(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._column_lines: dict[int, int] = {}
            self._row_lines: dict[int, int] = {}
            self._within = False

        def run(self) -> Any:
            return _solve(self, base, lambda: base.run(self), recorder)

        def solve(self) -> Any:
            return _solve(self, base, lambda: base.solve(self), recorder)

    for name in dir(base):
        if name.startswith(("addVar", "addCol", "addConstr", "addRow", "addInt", "addBin")):
            setattr(Highs, name, _noting(name, base))
    return Highs


def _noting(name: str, base: Any) -> Any:
    original = getattr(base, name)

    def add(self: Any, *args: Any, **kwargs: Any) -> Any:
        columns, rows = self.getNumCol(), self.getNumRow()
        made = original(self, *args, **kwargs)
        line = line_here()
        for column in range(columns, self.getNumCol()):
            self._column_lines.setdefault(column, line)
        for row in range(rows, self.getNumRow()):
            self._row_lines.setdefault(row, line)
        return made

    add.__name__, add.__doc__ = name, original.__doc__
    return add


def _solve(model: Any, base: Any, solve: Any, recorder: Recorder) -> Any:
    if model._within:  # one public method called another
        return solve()
    told: dict[str, Any] = {"solver": "highs", "line": line_here(), "status": "error", "note": ""}
    recorder.solves.append(told)
    try:
        _capture(model, told)
    except Exception as error:  # a model that cannot be told must still be solved
        told["note"] = f"the model was not captured: {error}"
    limit = min(model.getOptionValue("time_limit")[1], recorder.left())
    model.setOptionValue("time_limit", limit)
    model._within = True
    try:
        answer = solve()
    finally:
        model._within = False
    _outcome(model, base, told)
    return answer


def _capture(model: Any, told: dict[str, Any]) -> None:
    lp = model.getLp()
    integer = [str(kind).endswith("kInteger") for kind in lp.integrality_] or [False] * lp.num_col_
    told["sense"] = "maximize" if str(lp.sense_).endswith("kMaximize") else "minimize"
    lower, upper = list(lp.col_lower_), list(lp.col_upper_)
    told["columns"] = [
        (
            _name(lp.col_names_, n, "x"),
            "continuous" if not integer[n]
            else "binary" if (lower[n], upper[n]) == (0, 1) else "integer",
            finite(lower[n]), finite(upper[n]), model._column_lines.get(n, 0),
        )
        for n in range(lp.num_col_)
    ]  # fmt: skip
    told["rows"] = [
        (_name(lp.row_names_, n, "c"), model._row_lines.get(n, 0)) for n in range(lp.num_row_)
    ]
    if model.getModel().hessian_.dim_:
        told["note"] = "the model has a quadratic objective, which is not captured"
        return
    indices: list[list[int]] = [[] for _ in range(lp.num_row_)]
    values: list[list[float]] = [[] for _ in range(lp.num_row_)]
    matrix = lp.a_matrix_
    start, index, value = list(matrix.start_), list(matrix.index_), list(matrix.value_)
    by_row = str(matrix.format_).endswith("kRowwise")
    for major in range(lp.num_row_ if by_row else lp.num_col_):
        for at in range(start[major], start[major + 1]):
            row, column = (major, index[at]) if by_row else (index[at], major)
            indices[row].append(int(column))
            values[row].append(float(value[at]))
    bounds = zip(lp.row_lower_, lp.row_upper_, strict=True)
    told["linear"] = {
        "offset": float(lp.offset_),
        "costs": [float(cost) for cost in lp.col_cost_],
        "rows": [
            (finite(low), finite(high), indices[n], values[n])
            for n, (low, high) in enumerate(bounds)
        ],
    }


def _name(names: Any, at: int, letter: str) -> str:
    return str(names[at]) if at < len(names) and names[at] else f"{letter}{at}"


def _outcome(model: Any, base: Any, told: dict[str, Any]) -> None:
    status = str(model.getModelStatus()).rpartition(".")[2]
    told["raw_status"] = status
    told["status"] = _CLASSES.get(status, "error")
    if status == "kUnboundedOrInfeasible" and not _feasible(model, base):
        told["status"] = "infeasible"
    info = model.getInfo()
    discrete = any(kind != "continuous" for _, kind, *_ in told.get("columns", ()))
    if discrete:
        told["nodes"] = max(0, int(info.mip_node_count))
        told["bound"] = finite(info.mip_dual_bound)
        told["gap"] = finite(info.mip_gap)
    if told["status"] in ("optimal", "timeout") and info.primal_solution_status == 2:
        told["objective"] = float(info.objective_function_value)
        told["values"] = [float(v) for v in model.getSolution().col_value]
        if not discrete and told["status"] == "optimal":
            told["bound"], told["gap"] = told["objective"], 0.0


def _feasible(model: Any, base: Any) -> bool:
    """Whether any point fits: presolving could not tell an empty model from an unbounded one."""
    copy = base()
    with contextlib.redirect_stdout(io.StringIO()):
        copy.setOptionValue("output_flag", False)
        copy.passModel(model.getModel())
        for column in range(copy.getNumCol()):
            copy.changeColCost(column, 0.0)
        copy.run()
    return str(copy.getModelStatus()).endswith("kOptimal")
