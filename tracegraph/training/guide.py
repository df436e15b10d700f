"""A guide: what says how good an output is, and what was wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    from tracegraph.training.data import Example


class GuideError(TracegraphError):
    """A guide cannot be made, or cannot judge: nothing is known about the output."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How good an output is, higher is better.

    Attributes:
        score: a number, from 0 to 1 for the loop, or a number for each criterion.
        feedback: what an optimizer should know, in a sentence or two.
        spread: the standard deviation of one judgement, where the guide asked several times.
        weights: of the criteria; None weighs them alike.

    Raises:
        GuideError: the score is no finite number, or a weight has no score.
    """

    score: float | Mapping[str, float]
    feedback: str = ""
    spread: float = 0.0
    weights: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        scores = self.score if isinstance(self.score, Mapping) else {"score": self.score}
        for name, score in scores.items():
            if not isinstance(score, int | float) or not math.isfinite(score):
                raise GuideError(f"{name} is {score!r}; a score is a finite number")
        if not scores:
            raise GuideError("a score without criteria says nothing; give at least one")
        weights = self.weights
        if weights is not None and (weights.keys() != scores.keys() or sum(weights.values()) <= 0):
            raise GuideError(f"the weights {dict(weights)} do not fit the scores {dict(scores)}")

    @property
    def number(self) -> float:
        """The score as one number: the weighted mean of the criteria."""
        if not isinstance(self.score, Mapping):
            return float(self.score)
        weights = self.weights or dict.fromkeys(self.score, 1.0)
        total = math.fsum(weights[name] * score for name, score in self.score.items())
        return total / math.fsum(weights.values())


@runtime_checkable
class Guide(Protocol):
    """Judges the output of a workflow for an example.

    A guide that cannot judge raises: that is no fault of the output, and never a score of 0.
    """

    async def judge(self, example: Example, output: Any) -> Judgement:
        """Return the score of an output and what an optimizer should know about it."""
        ...
