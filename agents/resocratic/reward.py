"""What an attempt is worth: certified yield x novelty x difficulty hit - cost."""

from __future__ import annotations

from dataclasses import dataclass

# A hundred thousand tokens cost as much as one certified, new problem of the right difficulty
# brings: an attempt takes a few thousand.
_TOKENS = 100_000


@dataclass(frozen=True, slots=True)
class Reward:
    """The parts of an attempt's reward, each from 0 to 1 but the tokens.

    Attributes:
        certified: the share of the levels aimed at that became rows.
        novelty: 1 less the cosine (TF-IDF) with the nearest seed.
        hit: the share of the difficulty's aims that are met.
        tokens: of all calls.
    """

    certified: float = 0.0
    novelty: float = 0.0
    hit: float = 0.0
    tokens: int = 0

    @property
    def cost(self) -> float:
        """The tokens on the scale of the reward."""
        return self.tokens / _TOKENS

    @property
    def value(self) -> float:
        """The one number, from 0 to 1."""
        return min(1.0, max(0.0, self.certified * self.novelty * self.hit - self.cost))

    @property
    def parts(self) -> dict[str, float]:
        """The parts by name."""
        return {
            "certified": self.certified, "novelty": self.novelty, "hit": self.hit,
            "cost": self.cost,
        }  # fmt: skip
