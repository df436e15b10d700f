"""Numbers of several runs as one cell of a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def quartiles(numbers: Sequence[float]) -> str:
    """Return the median and, in brackets, the quartiles."""
    low, middle, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return f"{short(middle)} [{short(low)}, {short(high)}]"


def short(number: float) -> str:
    """Return a number with three digits."""
    if abs(number) < 1e-9:
        return "0"
    return f"{number:.3g}" if abs(number) >= 1e-3 else f"{number:.0e}"
