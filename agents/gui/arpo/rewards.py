"""The reward of an episode: its evaluation, and a penalty for an answer that nobody can read."""

from __future__ import annotations

CODE_WEIGHT = 0.5  # of the format reward in ARPO's code
PAPER_WEIGHT = 1.0  # and in its paper


def reward(evaluation: float, *, readable: bool, weight: float = CODE_WEIGHT) -> float:
    """Return evaluation + weight * format, where format is -1 for an unreadable end, else 0.

    Args:
        evaluation: the score of the task, from 0 to 1.
        readable: whether the last answer could be read.
        weight: `CODE_WEIGHT` or `PAPER_WEIGHT`.
    """
    return evaluation - (0.0 if readable else weight)
