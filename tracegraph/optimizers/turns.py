"""What a history says about the optimizers that made it: whose turns led to something better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.optimizers.optimizer import Trial


@dataclass(frozen=True, slots=True)
class Turn:
    """Trials in a row by one optimizer.

    Attributes:
        optimizer: its name.
        improved: whether one of them was accepted, or better than what it was made from.
    """

    optimizer: str
    improved: bool


def turns(history: Sequence[Trial], longest: Mapping[str, int]) -> list[Turn]:
    """Return the turns that a history consists of, oldest first.

    Args:
        history: the trials, oldest first.
        longest: how many trials make a turn, by the optimizer's name; others count as 1.
    """
    by_id = {trial.id: trial for trial in history}
    found: list[Turn] = []
    length = 0
    for trial in history:
        if not trial.optimizer:
            length = 0
            continue
        better = improved(trial, by_id.get(trial.parent))
        same = bool(found) and found[-1].optimizer == trial.optimizer
        if same and 0 < length < longest.get(trial.optimizer, 1):
            found[-1] = Turn(trial.optimizer, found[-1].improved or better)
            length += 1
        else:
            found.append(Turn(trial.optimizer, better))
            length = 1
    return found


def improved(trial: Trial, parent: Trial | None) -> bool:
    """Return whether a trial was accepted or, where nothing was tested, beats its parent.

    It does so when it is better on average on the examples that both were scored on.
    """
    if trial.accepted is not None:
        return trial.accepted
    if parent is None:
        return False
    both = trial.scores.keys() & parent.scores.keys()
    return sum(trial.scores[e] - parent.scores[e] for e in both) > 0
