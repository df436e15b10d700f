"""An error told to somebody who will change the code: the failing lines, marked."""

from __future__ import annotations

import inspect
import linecache
import traceback
from typing import Any

from tracegraph.graph.errors import ExecutionError

_CONTEXT = 40  # a longer function shows this many lines on each side of the error


def explain(error: BaseException) -> dict[str, Any]:
    """Return ``traceback`` (Python's text) and ``error_comment`` (source with the error marked).

    The frames of tracegraph itself are left out of the comment.
    """
    if isinstance(error, ExecutionError):
        # The inner call has explained it already.
        inner = error.exception_node
        return {"exception": error, "inner": inner, **_stored(inner.info)}
    told = getattr(error, "error_comment", None)  # an error of learned code brings its own
    summary = f"({getattr(error, 'kind', type(error).__name__)}) {error}"
    return {
        "exception": error,
        "traceback": "".join(traceback.format_exception(error)),
        "error_comment": told or comment_source(error, summary),
    }


def _stored(info: dict[str, Any]) -> dict[str, Any]:
    return {key: info[key] for key in ("traceback", "error_comment") if key in info}


def comment_source(error: BaseException, summary: str) -> str:
    """Return the source of each function on the way to the error, the lines marked."""
    steps = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_globals.get("__name__", "").startswith("tracegraph.graph")
    ]
    parts = []
    for place, (frame, line) in enumerate(steps):
        last = place == len(steps) - 1
        try:
            lines, first = inspect.getsourcelines(frame.f_code)
        except (OSError, TypeError):
            text = linecache.getline(frame.f_code.co_filename, line).rstrip()
            lines, first = [text or f"line {line} of {frame.f_code.co_name}"], line
        if frame.f_code.co_name == "<module>":
            lines, first = lines[line - 1 : line] or lines, line
        note = summary if last else "Error raised in function call. See below."
        parts.append(mark_line([text.rstrip("\n") for text in lines], line - first, note))
    return "\n\n".join([*parts, summary])


def mark_line(lines: list[str], index: int, note: str) -> str:
    """Return the lines as text with ``<--- note`` behind line ``index`` (from 0)."""
    lo, hi = max(0, index - _CONTEXT), index + _CONTEXT + 1
    shown = [
        f"{text} <--- {note}" if i == index else text
        for i, text in enumerate(lines[lo:hi], start=lo)
    ]
    if lo > 0:
        shown.insert(0, f"… ({lo} lines above)")
    if hi < len(lines):
        shown.append(f"… ({len(lines) - hi} lines below)")
    return "\n".join(shown)
