"""The proof: seed and best on the locked test examples, once, after all decisions are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tracegraph.models.errors import BudgetExceeded
from tracegraph.training.evaluator import gather
from tracegraph.training.intervals import difference_interval, score_interval

if TYPE_CHECKING:
    from tracegraph.training.candidate import Candidate
    from tracegraph.training.data import Example
    from tracegraph.training.evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval, from ``count`` examples."""

    mean: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Proof:
    """Scores on the locked test split.

    Attributes:
        before, after: the score of the seed, and of the best candidate.
        difference: after minus before, paired by example.
        wins, losses: examples on which the best one is better, or worse.
        planned: how many examples the split has; fewer were run when the budget ended.
    """

    before: Estimate
    after: Estimate
    difference: Estimate
    wins: int
    losses: int
    planned: int

    @property
    def complete(self) -> bool:
        """Whether every example of the split was run."""
        return self.before.count == self.planned

    def to_json(self) -> dict[str, Any]:
        """Return the proof as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Proof:
        """Return a proof that was written by `to_json`."""
        estimates = {k: Estimate(**stored[k]) for k in ("before", "after", "difference")}
        return cls(**{**stored, **estimates})


async def prove(
    evaluator: Evaluator, before: Candidate, after: Candidate, examples: Sequence[Example]
) -> Proof | None:
    """Return the scores of both on the test examples; None when the budget left no pair.

    Both run on a few examples at a time, so that a budget that ends leaves whole pairs.
    """
    older: list[float] = []
    newer: list[float] = []
    size = evaluator.concurrency
    for start in range(0, len(examples), size):
        chunk = examples[start : start + size]
        both = [before] if after.name == before.name else [before, after]
        try:
            found = await gather(evaluator.scores(one, chunk, "test") for one in both)
        except BudgetExceeded:
            break
        for example in chunk:
            if all(example.id in scores for scores in found):
                older.append(found[0][example.id])
                newer.append(found[-1][example.id])
    return proof_of(older, newer, len(examples)) if older else None


def proof_of(older: Sequence[float], newer: Sequence[float], planned: int) -> Proof:
    """Return the proof for paired scores."""
    n = len(older)
    differences = [b - a for a, b in zip(older, newer, strict=True)]
    return Proof(
        Estimate(sum(older) / n, *score_interval(older), n),
        Estimate(sum(newer) / n, *score_interval(newer), n),
        Estimate(sum(differences) / n, *difference_interval(older, newer), n),
        sum(d > 0 for d in differences),
        sum(d < 0 for d in differences),
        planned,
    )
