"""The selectors as objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph.agents.tspo.selectors import rules
from tracegraph.agents.tspo.selectors.base import Candidates, Scorer, Selection, Selector
from tracegraph.errors import MissingExtraError, TracegraphError

if TYPE_CHECKING:
    from tracegraph.agents.tspo.encoders.base import Vectors

    Rule = Callable[[Vectors, int], list[int]]

_TEMPERATURE = 0.025  # TSPO's first one
NAMES = ("uniform", "topk", "bin_max", "aks", "gumbel_topk", "tspo", "tspo_bin_max", "tspo_aks")


class Uniform:
    """Equal distances, whatever is asked."""

    name = "uniform"
    looks = False

    def select(self, candidates: Candidates, k: int, seed: int = 0) -> Selection:
        """Choose the middles of k equal parts."""
        indices = rules.uniform(len(candidates.times), k)
        return Selection.of(self.name, candidates, indices)


class Cosine:
    """Scores by the encoder alone."""

    def score(self, candidates: Candidates) -> Vectors:
        """Return the cosines of frames and question."""
        return candidates.cosines


class HeadScorer:
    """Scores by a trained head.

    Args:
        head: a `TemporalHead`.
    """

    def __init__(self, head: Any) -> None:
        self.head = head.eval()

    def score(self, candidates: Candidates) -> Vectors:
        """Return cos(F_e, t) + cos(F, t)."""
        import torch

        with torch.inference_mode():
            scores = self.head(
                torch.from_numpy(candidates.frames)[None], torch.from_numpy(candidates.text)[None]
            )
        found: Vectors = scores[0].numpy()
        return found


@dataclass(frozen=True, slots=True)
class Ranked:
    """A rule over scores."""

    name: str
    scorer: Scorer
    rule: Rule
    looks: bool = True

    def select(self, candidates: Candidates, k: int, seed: int = 0) -> Selection:
        """Score, and choose by the rule."""
        scores = self.scorer.score(candidates)
        return Selection.of(self.name, candidates, self.rule(scores, k), scores.tolist())


@dataclass(frozen=True, slots=True)
class Drawn:
    """Draws by scores: what a policy in training does."""

    name: str
    scorer: Scorer
    temperature: float = _TEMPERATURE
    looks: bool = True

    def select(self, candidates: Candidates, k: int, seed: int = 0) -> Selection:
        """Score, and draw."""
        scores = self.scorer.score(candidates)
        indices = rules.gumbel_topk(scores, k, self.temperature, seed)
        return Selection.of(self.name, candidates, indices, scores.tolist())


def make_selector(name: str, head: str | Path | Any = None) -> Selector:
    """Return a selector by its name; see `NAMES`.

    topk, bin_max, aks and gumbel_topk go by the encoder's cosine; those that begin with tspo by a
    trained head.

    Args:
        name: of the selector.
        head: a `TemporalHead`, or its file.

    Raises:
        TracegraphError: there is no such selector, or it needs a head.
    """
    chosen: dict[str, Rule] = {"topk": rules.topk, "bin_max": rules.bin_max, "aks": rules.aks}
    if name == "uniform":
        return Uniform()
    if name in chosen:
        return Ranked(name, Cosine(), chosen[name])
    if name == "gumbel_topk":
        return Drawn(name, Cosine())
    if name not in NAMES:
        raise TracegraphError(f"there is no selector {name!r}: use one of {', '.join(NAMES)}")
    if head is None:
        raise TracegraphError(
            f"selector {name} needs trained weights: --head FILE, made by tracegraph train tspo "
            "or published as TSPO-0.4B"
        )
    if isinstance(head, (str, Path)):
        head = load(head)[0]
    return Ranked(
        name, HeadScorer(head), chosen[name.removeprefix("tspo_")] if "_" in name else rules.topk
    )


def load(path: str | Path) -> tuple[Any, str]:
    """Return a head and the id of the encoder that it is for.

    Raises:
        MissingExtraError: torch is not installed.
    """
    try:
        from tracegraph.agents.tspo.checkpoint import load_head
    except ImportError as error:
        raise MissingExtraError("video-torch", "torch") from error
    return load_head(path)
