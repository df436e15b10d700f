"""Numbers, times and outcomes in words."""

from __future__ import annotations

import time

# The look of an outcome, as a class of the style sheet.
KINDS = {
    "success": "good", "failure": "bad", "format_error": "warn", "budget": "warn",
    "env_error": "neutral", "eval_error": "neutral",
}  # fmt: skip
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def number(value: float) -> str:
    """Return a number in few digits."""
    value = value or 0  # not -0
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"


def seconds(value: float) -> str:
    """Return a duration."""
    if value < 1:
        return f"{max(0.0, value) * 1000:.0f} ms"
    for size, unit in _UNITS:
        if value >= 2 * size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.1f} s"


def ago(started: float) -> str:
    """Return how long ago something began, in words."""
    gone = time.time() - started
    if gone < 60:
        return "now"
    for size, unit in _UNITS:
        if gone >= size:
            return f"{gone / size:.0f} {unit} ago"
    return "now"
