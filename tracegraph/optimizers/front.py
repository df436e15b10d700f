"""The Pareto front over examples: candidates that nobody beats everywhere.

Source: Agrawal et al. 2025, "GEPA: Reflective Prompt Evolution", algorithm 2.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.optimizers.optimizer import Trial

__all__ = ["front", "drawn"]


def front(history: Sequence[Trial]) -> dict[str, int]:
    """Return the candidates that are best on some example, by id, with how many they are best on.

    A candidate is left out when each example that it is best on has another one that is as good
    there: of equals, the one with the better mean stays, then the older one. The numbers are
    the weights with which a parent is drawn.
    """
    scored = [trial for trial in history if trial.scores]
    best: dict[str, float] = {}
    for trial in scored:
        for example, score in trial.scores.items():
            best[example] = max(score, best.get(example, score))
    winners = {
        example: {trial.id for trial in scored if trial.scores.get(example) == score}
        for example, score in best.items()
    }
    wins = {
        trial.id: [example for example, ids in winners.items() if trial.id in ids]
        for trial in scored
    }
    age = {trial.id: i for i, trial in enumerate(scored)}
    alive = {name for name, won in wins.items() if won}
    for trial in sorted(scored, key=lambda t: (t.score or 0.0, -age[t.id])):
        if trial.id in alive and all(
            winners[example] & alive - {trial.id} for example in wins[trial.id]
        ):
            alive.discard(trial.id)
    return {name: len(wins[name]) for name in wins if name in alive}


def drawn(weights: Mapping[str, int], seed: int) -> str:
    """Return one candidate of a front, by the examples that it is best on."""
    names = list(weights)
    return random.Random(seed).choices(names, [weights[name] for name in names])[0]
