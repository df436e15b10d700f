"""The candidates of a run, and which of them to improve next."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracegraph.optimizers.optimizer import Trial

if TYPE_CHECKING:
    from tracegraph.training.candidate import Candidate


_MISSING = 0.1  # of the examples; with more, scores are no longer about the same thing


@dataclass(slots=True)
class Entry:
    """A candidate in the pool.

    Attributes:
        scores: by training example.
        feedback: by training example.
        accepted: whether it passed the test; None when it was not tested.
        picked: how often it was chosen to be improved.
        problem: why it could not be evaluated, or why a person refused it.
    """

    candidate: Candidate
    scores: dict[str, float] = field(default_factory=dict)
    feedback: dict[str, str] = field(default_factory=dict)
    accepted: bool | None = None
    picked: int = 0
    problem: str = ""

    @property
    def score(self) -> float:
        """The mean of the scores; below all others when there is none."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else -math.inf

    def trial(self) -> Trial:
        """Return what an optimizer may know of it."""
        made = self.candidate
        return Trial(
            made.name,
            made.values,
            dict(self.scores),
            parent=made.parent,
            feedback=dict(self.feedback),
            accepted=self.accepted,
            problem=self.problem,
            optimizer=made.optimizer,
        )


class Pool:
    """All candidates that were tried, in the order of their first trial."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def add(self, candidate: Candidate) -> Entry:
        """Return the candidate's entry, a new one when it is new."""
        return self.entries.setdefault(candidate.name, Entry(candidate))

    def history(self) -> list[Trial]:
        """Return what optimizers may know, oldest first."""
        return [entry.trial() for entry in self.entries.values()]

    def ranked(self, examples: Sequence[str]) -> list[Entry]:
        """Return those tried on (nearly) all of some examples, the best first; then the simpler."""
        full = [e for e in self.entries.values() if not e.problem and _covers(e, examples)]
        return sorted(full, key=lambda e: (-e.score, e.candidate.size, e.candidate.name))


# From the pool, the proven candidate, the examples to compare on, and a random generator, the one
# to improve.
Strategy = Callable[[Pool, "Entry", Sequence[str], random.Random], "Entry"]


def basic(pool: Pool, proven: Entry, examples: Sequence[str], chance: random.Random) -> Entry:
    """Improve the proven candidate."""
    return proven


def beam(
    pool: Pool, proven: Entry, examples: Sequence[str], chance: random.Random, width: int = 3
) -> Entry:
    """Improve the best few in turn: the one of them that was improved least often."""
    return min(pool.ranked(examples)[:width] or [proven], key=lambda e: e.picked)


def ucb(
    pool: Pool, proven: Entry, examples: Sequence[str], chance: random.Random, weight: float = 0.3
) -> Entry:
    """Improve the one with the highest upper confidence bound (Auer et al. 2002, UCB1)."""
    total = sum(entry.picked for entry in pool.entries.values()) + 1

    def bound(entry: Entry) -> float:
        return entry.score + weight * math.sqrt(math.log(total + 1) / (entry.picked + 1))

    return max(pool.ranked(examples) or [proven], key=bound)


def priority(pool: Pool, proven: Entry, examples: Sequence[str], chance: random.Random) -> Entry:
    """Improve the best one that was improved least often so far."""
    ranked = pool.ranked(examples) or [proven]
    fewest = min(entry.picked for entry in ranked)
    return next(entry for entry in ranked if entry.picked == fewest)


def pareto(pool: Pool, proven: Entry, examples: Sequence[str], chance: random.Random) -> Entry:
    """Improve one that is best on some example, drawn by how many (Agrawal et al. 2025, GEPA)."""
    from tracegraph.optimizers.front import front

    ranked = pool.ranked(examples) or [proven]
    weights = front([entry.trial() for entry in ranked])
    names = list(weights)
    if not names:
        return proven
    chosen = chance.choices(names, [weights[name] for name in names])[0]
    return pool.entries[chosen]


STRATEGIES: Mapping[str, Strategy] = {
    "basic": basic,
    "beam": beam,
    "ucb": ucb,
    "priority": priority,
    "pareto": pareto,
}


def _covers(entry: Entry, examples: Sequence[str]) -> bool:
    # A few may be missing: a model server failed on them, which says nothing of the candidate.
    missing = sum(example not in entry.scores for example in examples)
    return bool(entry.scores) and missing <= _MISSING * len(examples)
