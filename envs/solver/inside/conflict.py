"""Find an irreducible infeasible subsystem: leave out what is not needed for the conflict."""

from __future__ import annotations

import time
from typing import Any

from .resolve import Numbers, make_highs, scip

_BOTH = (float("-inf"), float("inf"))


def conflict(
    format: str, text: str, numbers: Numbers | None, rows: int, seconds: float
) -> dict[str, Any] | None:
    """Return ``rows``, ``lower`` and ``upper`` (indices of rows and of columns with these bounds).

    None when the model is not infeasible, or that could not be told in time. ``proved`` is whether
    every part was tried. For nonlinear models only rows are tried; all bounds stay.
    """
    end = time.monotonic() + seconds
    if numbers is not None:
        return _linear(numbers, end)
    return _nonlinear(format, text, rows, end)


def _linear(numbers: Numbers, end: float) -> dict[str, Any] | None:
    sense, columns, rows = numbers
    model = make_highs((sense, [(*column[:3], 0.0) for column in columns], rows))

    def infeasible() -> bool:
        model.setOptionValue("time_limit", max(0.1, end - time.monotonic()))
        model.clearSolver()
        model.run()
        return str(model.getModelStatus()).endswith("kInfeasible")

    if not infeasible():
        return None
    kept: dict[str, list[int]] = {"rows": [], "lower": [], "upper": []}
    proved = True
    for n, (lower, upper, *_) in enumerate(rows):
        model.changeRowBounds(n, *_BOTH)
        if time.monotonic() > end or not infeasible():
            proved = proved and time.monotonic() < end
            model.changeRowBounds(n, _low(lower), _high(upper))
            kept["rows"].append(n)
    for n, (lower, upper, *_) in enumerate(columns):
        low, high = _low(lower), _high(upper)
        if lower is not None:
            model.changeColBounds(n, _BOTH[0], high)
            if time.monotonic() > end or not infeasible():
                model.changeColBounds(n, low, high)
                kept["lower"].append(n)
            else:
                low = _BOTH[0]
        if upper is not None:
            model.changeColBounds(n, low, _BOTH[1])
            if time.monotonic() > end or not infeasible():
                model.changeColBounds(n, low, high)
                kept["upper"].append(n)
    return {**kept, "proved": proved}


def _nonlinear(format: str, text: str, rows: int, end: float) -> dict[str, Any] | None:
    def infeasible(without: set[int]) -> bool:
        left = max(0.1, end - time.monotonic())
        return bool(scip(format, text, left, without)["status"] == "infeasible")

    if not infeasible(set()):
        return None
    gone: set[int] = set()
    proved = True
    for n in range(rows):
        if time.monotonic() > end:
            proved = False
            break
        if infeasible(gone | {n}):
            gone.add(n)
    kept = [n for n in range(rows) if n not in gone]
    return {"rows": kept, "lower": [], "upper": [], "proved": proved}


def _low(value: float | None) -> float:
    return _BOTH[0] if value is None else value


def _high(value: float | None) -> float:
    return _BOTH[1] if value is None else value
