"""Run one modelling program and return what it did."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
import traceback
from typing import Any

from . import gurobi, highs, scip
from .record import PROGRAM, Recorder

_LONGEST_ERROR = 2000


def run(code: str, seconds: float) -> dict[str, Any]:
    """Run the program as ``__main__`` and return its solves and its error.

    Returns:
        ``solves`` (one dict a solve), ``error`` (empty when it ended well) and ``line`` (where
        it failed, 0 for nowhere).
    """
    recorder = Recorder(seconds)
    for module, watch in (("pyscipopt", scip), ("highspy", highs), ("gurobipy", gurobi)):
        if module in sys.modules or (module in code and importlib.util.find_spec(module)):
            watch.watch(recorder)
    error, line = "", 0
    main = type(sys)("__main__")
    main.__dict__["__file__"] = PROGRAM
    sys.modules["__main__"] = main
    sys.argv = [PROGRAM]
    try:
        exec(compile(code, PROGRAM, "exec"), main.__dict__)
    except SystemExit as end:
        if end.code not in (None, 0):
            error = f"it ended with exit code {end.code}"
    except MemoryError:
        raise
    except BaseException as raised:
        error, line = _told(raised)
    # Solvers print through C, whose buffer would otherwise be lost.
    ctypes.CDLL(None).fflush(None)
    return {"solves": recorder.solves, "error": error[:_LONGEST_ERROR], "line": line}


def _told(raised: BaseException) -> tuple[str, int]:
    if type(raised).__name__ == "OutputLimit":  # the sandbox's own: more was printed than allowed
        raise raised
    frames = traceback.extract_tb(raised.__traceback__)
    line = next((f.lineno or 0 for f in reversed(frames) if f.filename == PROGRAM), 0)
    if isinstance(raised, SyntaxError) and raised.filename == PROGRAM:
        line = raised.lineno or 0
    return "".join(traceback.format_exception_only(raised)).strip(), line
