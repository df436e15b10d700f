"""Weighted: several guides, one criterion each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracegraph.training.guide import Guide, GuideError, Judgement
from tracegraph.training.guides.together import together

if TYPE_CHECKING:
    from tracegraph.training.data import Example


class Weighted:
    """Asks several guides and gives a vector score, with one entry for each of them.

    Args:
        guides: by the name of what they look at.
        weights: how much each counts; None weighs them alike.
    """

    def __init__(
        self, guides: Mapping[str, Guide], weights: Mapping[str, float] | None = None
    ) -> None:
        self.guides = dict(guides)
        self.weights = dict(weights) if weights else dict.fromkeys(self.guides, 1.0)
        if not self.guides or self.weights.keys() != self.guides.keys():
            raise GuideError(
                f"each guide needs one weight; guides: {', '.join(self.guides) or 'none'}, "
                f"weights: {', '.join(self.weights) or 'none'}"
            )
        if min(self.weights.values()) < 0 or sum(self.weights.values()) <= 0:
            raise GuideError(f"weights are 0 or more, and one of them is more: {self.weights}")

    async def judge(self, example: Example, output: Any) -> Judgement:
        """Return the scores of all guides at once."""
        judgements = await together(g.judge(example, output) for g in self.guides.values())
        judged = dict(zip(self.guides, judgements, strict=True))
        feedback = "\n".join(
            f"{name} ({each.number:.2f}): {each.feedback}" for name, each in judged.items()
        )
        total = sum(self.weights.values())
        variance = sum((self.weights[n] / total * each.spread) ** 2 for n, each in judged.items())
        scores = {name: each.number for name, each in judged.items()}
        return Judgement(scores, feedback, variance**0.5, self.weights)
