"""The curriculum: at first the form of the replies counts, in the end what they say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Curriculum:
    """Mixes rewards; the weight of the structure falls along half a cosine.

    >>> Curriculum(steps=100).structure_weight(50)
    0.5

    Attributes:
        steps: training steps from the first weight to the last.
        first, last: the weight of the structure at both ends; the meaning has the rest.
        meaning: the shares of what the meaning is made of. One that an episode does not have
            (there was no judge, or no known answer) leaves its share to the others.
    """

    steps: int
    first: float = 0.9
    last: float = 0.1
    meaning: Mapping[str, float] = field(
        default_factory=lambda: {"correctness": 0.6, "soundness": 0.2, "coherence": 0.2}
    )

    def structure_weight(self, step: int) -> float:
        """Return the weight of the structure at a training step."""
        progress = min(max(step / self.steps, 0.0), 1.0)
        fallen = (1 - math.cos(math.pi * progress)) / 2
        return self.first + (self.last - self.first) * fallen

    def reward(self, rewards: Mapping[str, float | None], step: int) -> float:
        """Return one number for an episode.

        Args:
            rewards: from 0 to 1: "structure", and what `meaning` names.
            step: the training step.
        """
        weight = self.structure_weight(step)
        structure = rewards.get("structure") or 0.0
        known = {
            name: (share, value)
            for name, share in self.meaning.items()
            if (value := rewards.get(name)) is not None
        }
        total = sum(share for share, _ in known.values())
        if not total:
            return structure
        meaning = sum(share * value for share, value in known.values()) / total
        return weight * structure + (1 - weight) * meaning
