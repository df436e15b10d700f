"""Values that change over training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Linear:
    """From ``start`` at the first step to ``end`` at the last."""

    start: float
    end: float

    def at(self, step: int, steps: int) -> float:
        """Return the value of a step, counted from 0."""
        share = min(1.0, step / max(1, steps - 1))
        return self.start + (self.end - self.start) * share
