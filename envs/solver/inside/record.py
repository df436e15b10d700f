"""What is remembered of a program's solves, and where in its source things were made."""

from __future__ import annotations

import math
import sys
import time
from types import FrameType
from typing import Any

PROGRAM = "program.py"  # the name that tracebacks give the program


class Recorder:
    """Collects the solves of one program.

    Attributes:
        solves: one dict a solve, of values that cross the sandbox's codec.
        deadline: when the program should be done, on the clock of ``time.monotonic``.
    """

    def __init__(self, seconds: float) -> None:
        self.solves: list[dict[str, Any]] = []
        self.deadline = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that a solver may still use."""
        return max(0.05, self.deadline - time.monotonic())


def line_here() -> int:
    """Return the line of the program that is being executed; 0 when none is."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == PROGRAM:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def finite(value: Any, infinity: float = 1e20) -> float | None:
    """Return a number as a float, and None for what a solver takes for infinity."""
    number = float(value)
    return None if math.isnan(number) or abs(number) >= infinity else number
