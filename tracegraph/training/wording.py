"""Values, changes and evidence in words and lines."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any


def as_lines(value: Any) -> list[str]:
    """Return a value as lines: a text as it is, other values as JSON."""
    if isinstance(value, str):
        return value.split("\n")
    text = json.dumps(value, ensure_ascii=False, default=str)
    return [text] if len(text) <= 80 else json.dumps(value, indent=2, default=str).split("\n")


def value_diff(before: Any, after: Any, name: str, *, context: int = 3) -> list[str]:
    """Return the lines of a unified diff between two values of a parameter."""
    lines = difflib.unified_diff(
        as_lines(before), as_lines(after), f"{name} before", f"{name} after", n=context, lineterm=""
    )
    return list(lines)


def evidence_line(evidence: Mapping[str, Any]) -> str:
    """Return what a test found in a line."""
    low, high = evidence["interval"]
    return (
        f"{evidence['why']}; difference {evidence['difference']:+.3f} ({low:+.3f} to {high:+.3f}), "
        f"e-value {number(evidence['e_value'])}, needed {1 / evidence['alpha']:.0f}"
    )


def number(value: float) -> str:
    """Return a number with as many digits as a reader wants."""
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.2f}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.1e}"


def score(value: float | None) -> str:
    """Return a score; a dash when there is none."""
    return "-" if value is None else f"{value:.3f}"


def title(parameter: str) -> str:
    """Return how people call a parameter: the code of a function as ``function()``."""
    name = parameter.removeprefix("__code_")
    return name if name == parameter else f"{name}()"
