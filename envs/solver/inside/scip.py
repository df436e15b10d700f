"""Watch PySCIPOpt: a subclass of its Model that tells what was built and what came of it."""

from __future__ import annotations

import os
from typing import Any

from .record import Recorder, finite, line_here

# What SCIP's status means. "gaplimit" and the like: it stopped where the program told it to.
_CLASSES = {
    "optimal": "optimal", "gaplimit": "optimal", "infeasible": "infeasible",
    "unbounded": "unbounded", "inforunbd": "unbounded", "timelimit": "timeout",
    "nodelimit": "timeout", "totalnodelimit": "timeout", "stallnodelimit": "timeout",
    "memlimit": "timeout", "sollimit": "timeout", "bestsollimit": "timeout",
    "userinterrupt": "timeout",
}  # fmt: skip
_KINDS = {"BINARY": "binary", "INTEGER": "integer"}
_LOG = "solver.log"
_LONGEST_LOG = 20_000


def watch(recorder: Recorder) -> None:
    """Put the subclass in the place of ``pyscipopt.Model``."""
    import pyscipopt

    package: Any = pyscipopt
    package.Model = package.scip.Model = make(package.Model, recorder)


def make(base: Any, recorder: Recorder) -> Any:
    """Return a Model that records; what the program sees of it is the same."""

    class Model(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._lines: dict[int, int] = {}
            super().__init__(*args, **kwargs)

        def addVar(self, *args: Any, **kwargs: Any) -> Any:
            made = super().addVar(*args, **kwargs)
            self._lines[made.ptr()] = line_here()
            return made

        def optimize(self) -> None:
            _solve(self, base, base.optimize, recorder)

        def optimizeNogil(self) -> None:
            _solve(self, base, base.optimizeNogil, recorder)

    for name in dir(base):
        if name.startswith("addCons") and name not in ("addConss", "addConsCoeff"):
            setattr(Model, name, _noting(name, base))
    Model.__qualname__ = "Model"
    return Model


def _noting(name: str, base: Any) -> Any:
    original = getattr(base, name)

    def add(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = original(self, *args, **kwargs)
        if hasattr(made, "ptr"):
            self._lines.setdefault(made.ptr(), line_here())
        return made

    add.__name__, add.__doc__ = name, original.__doc__
    return add


def _solve(model: Any, base: Any, solve: Any, recorder: Recorder) -> None:
    told: dict[str, Any] = {"solver": "scip", "line": line_here(), "status": "error", "note": ""}
    recorder.solves.append(told)
    variables: list[Any] = []
    try:
        variables = _capture(model, told)
    except Exception as error:  # a model that cannot be told must still be solved
        told["note"] = f"the model was not captured: {error}"
    limit = min(model.getParam("limits/time"), recorder.left())
    model.setParam("limits/time", limit)
    model.setLogfile(_LOG)
    try:
        solve(model)
    finally:
        model.setLogfile(None)
        told["log"] = _read(_LOG)[-_LONGEST_LOG:]
    _outcome(model, base, variables, told)


def _capture(model: Any, told: dict[str, Any]) -> list[Any]:
    variables = list(model.getVars())
    rows = list(model.getConss())
    told["sense"] = model.getObjectiveSense()
    told["columns"] = [
        (
            v.name, _KINDS.get(v.vtype(), "continuous"), finite(v.getLbOriginal()),
            finite(v.getUbOriginal()), model._lines.get(v.ptr(), 0),
        )
        for v in variables
    ]  # fmt: skip
    told["rows"] = [(row.name, model._lines.get(row.ptr(), 0)) for row in rows]
    kinds = {row.getConshdlrName() for row in rows}
    if kinds <= {"linear"}:
        at = {v.ptr(): n for n, v in enumerate(variables)}
        told["linear"] = {
            "offset": float(model.getObjoffset()),
            "costs": [float(v.getObj()) for v in variables],
            "rows": [
                (
                    finite(model.getLhs(row)), finite(model.getRhs(row)),
                    [at[v.ptr()] for v in model.getConsVars(row)],
                    [float(value) for value in model.getConsVals(row)],
                )
                for row in rows
            ],
        }  # fmt: skip
    elif kinds <= {"linear", "nonlinear"}:
        # Only this format keeps every nonlinear model; SCIP's writers of LP and MPS crash on them.
        model.writeProblem("model.nl", verbose=False)
        told["nl"] = _read("model.nl")
        told["nl_columns"] = _read("model.col").split("\n")[:-1]
        told["nl_rows"] = _read("model.row").split("\n")[:-1]
    else:
        other = ", ".join(sorted(kinds - {"linear", "nonlinear"}))
        told["note"] = f"the model has constraints that no neutral form holds: {other}"
    return variables


def _outcome(model: Any, base: Any, variables: list[Any], told: dict[str, Any]) -> None:
    status = model.getStatus()
    told["raw_status"] = status
    told["status"] = _CLASSES.get(status, "error")
    told["nodes"] = int(model.getNTotalNodes())
    if status not in ("infeasible", "unbounded", "inforunbd"):
        told["bound"] = finite(model.getDualbound())
        told["gap"] = finite(model.getGap())
    if model.getNSols() and told["status"] in ("optimal", "timeout"):
        told["objective"] = float(model.getObjVal())
        told["values"] = [float(model.getVal(v)) for v in variables]
    if status == "inforunbd" and not _feasible(model, base):
        told["status"] = "infeasible"


def _feasible(model: Any, base: Any) -> bool:
    """Whether any point fits: presolving could not tell an empty model from an unbounded one."""
    copy = base(sourceModel=model, origcopy=True)
    copy.hideOutput()
    copy.setObjective(0)
    copy.optimize()
    return bool(copy.getNSols())


def _read(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
