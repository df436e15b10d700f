"""Watch gurobipy, where it is installed: a subclass of its Model, for linear models."""

from __future__ import annotations

from typing import Any

from .record import Recorder, finite, line_here

# Status codes of the Gurobi reference manual.
_CLASSES = {
    2: "optimal", 3: "infeasible", 4: "unbounded", 5: "unbounded", 7: "timeout", 8: "timeout",
    9: "timeout", 10: "timeout", 11: "timeout", 13: "timeout", 15: "timeout", 16: "timeout",
}  # fmt: skip
_KINDS = {"B": "binary", "I": "integer"}
_INFINITY = 1e100


def watch(recorder: Recorder) -> None:
    """Put the subclass in the place of ``gurobipy.Model``."""
    import gurobipy

    package: Any = gurobipy
    package.Model = make(package.Model, recorder)


def make(base: Any, recorder: Recorder) -> Any:
    """Return a Model that records; what the program sees of it is the same."""

    class Model(base):  # type: ignore[misc]
        def addVar(self, *args: Any, **kwargs: Any) -> Any:
            return _noted(self, "_variable_lines", super().addVar(*args, **kwargs))

        def addVars(self, *args: Any, **kwargs: Any) -> Any:
            return _noted(self, "_variable_lines", super().addVars(*args, **kwargs))

        def addConstr(self, *args: Any, **kwargs: Any) -> Any:
            return _noted(self, "_row_lines", super().addConstr(*args, **kwargs))

        def addConstrs(self, *args: Any, **kwargs: Any) -> Any:
            return _noted(self, "_row_lines", super().addConstrs(*args, **kwargs))

        def optimize(self, *args: Any, **kwargs: Any) -> None:
            told: dict[str, Any] = {
                "solver": "gurobi", "line": line_here(), "status": "error", "note": "",
            }  # fmt: skip
            recorder.solves.append(told)
            try:
                self.update()
                _capture(self, told)
            except Exception as error:  # a model that cannot be told must still be solved
                told["note"] = f"the model was not captured: {error}"
            limit = min(self.Params.TimeLimit, recorder.left())
            self.setParam("TimeLimit", limit)
            super().optimize(*args, **kwargs)
            _outcome(self, told)

    return Model


def _noted(model: Any, kind: str, made: Any) -> Any:
    # Names and indices are given later, but the order stays; addVars gives a dictionary.
    count = len(made) if isinstance(made, dict) else 1
    # Attributes of a model that are no names of Gurobi's must begin with an underscore.
    setattr(model, kind, [*getattr(model, kind, []), *[line_here()] * count])
    return made


def _lines(model: Any, kind: str, count: int) -> list[int]:
    lines = getattr(model, kind, [])
    return lines if len(lines) == count else [0] * count  # something was added another way


def _capture(model: Any, told: dict[str, Any]) -> None:
    variables, rows = model.getVars(), model.getConstrs()
    at = {v.index: n for n, v in enumerate(variables)}
    told["sense"] = "maximize" if model.ModelSense < 0 else "minimize"
    told["columns"] = [
        (v.VarName, _KINDS.get(v.VType, "continuous"), finite(v.LB), finite(v.UB), line)
        for v, line in zip(variables, _lines(model, "_variable_lines", len(variables)), strict=True)
    ]
    lines_of_rows = _lines(model, "_row_lines", len(rows))
    told["rows"] = [(r.ConstrName, line) for r, line in zip(rows, lines_of_rows, strict=True)]
    others = model.NumQConstrs + model.NumGenConstrs + model.NumSOS + model.IsQP
    if others:
        told["note"] = "the model is not linear; of Gurobi's models only linear ones are captured"
        return
    lines = []
    for row in rows:
        expression = model.getRow(row)
        columns = [at[expression.getVar(n).index] for n in range(expression.size())]
        values = [float(expression.getCoeff(n)) for n in range(expression.size())]
        low = None if row.Sense == "<" else finite(row.RHS)
        high = None if row.Sense == ">" else finite(row.RHS)
        lines.append((low, high, columns, values))
    costs = [float(v.Obj) for v in variables]
    told["linear"] = {"offset": float(model.ObjCon), "costs": costs, "rows": lines}


def _outcome(model: Any, told: dict[str, Any]) -> None:
    told["raw_status"] = str(model.Status)
    told["status"] = _CLASSES.get(model.Status, "error")
    told["nodes"] = int(model.NodeCount)
    if model.SolCount and told["status"] in ("optimal", "timeout"):
        told["objective"] = float(model.ObjVal)
        told["values"] = [float(v.X) for v in model.getVars()]
        told["bound"] = finite(model.ObjBound, _INFINITY) if model.IsMIP else told["objective"]
        told["gap"] = finite(model.MIPGap, _INFINITY) if model.IsMIP else 0.0
