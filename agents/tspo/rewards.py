"""Rewards of TSPO (arXiv 2508.04369, section 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# needle: spliced videos, of which the target's place is known: R_A + R_T.
# comprehensive: ordinary questions: R_A + 1; the constant vanishes in the advantage and keeps
# the two kinds on one scale.
DataKind = Literal["needle", "comprehensive"]


@dataclass(frozen=True, slots=True)
class RewardWeights:
    """What counts how much; (1, 1) as published.

    Attributes:
        answer: of R_A, 1 when the answer is right.
        temporal: of R_T, the share of chosen frames inside the target.
    """

    answer: float = 1.0
    temporal: float = 1.0

    @property
    def largest(self) -> float:
        """The most that a rollout can get."""
        return self.answer + self.temporal


def temporal_reward(inside: Sequence[bool]) -> float:
    """Return R_T = T_t / T_a: chosen frames in the target over chosen frames."""
    return sum(inside) / len(inside) if inside else 0.0


def reward(
    right: bool, inside: Sequence[bool], kind: DataKind, weights: RewardWeights | None = None
) -> float:
    """Return the reward of one rollout, from 0 to ``weights.largest``."""
    weights = weights or RewardWeights()
    temporal = temporal_reward(inside) if kind == "needle" else 1.0
    return weights.answer * float(right) + weights.temporal * temporal
