"""What a selector is: scores and a rule that chooses by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tracegraph.agents.tspo.encoders.base import Vectors


@dataclass(frozen=True, slots=True)
class Candidates:
    """The frames to choose from and the question, as an encoder sees them.

    Attributes:
        times: seconds, ascending.
        frames: (n, dim).
        text: (dim,).
    """

    times: tuple[float, ...]
    frames: Vectors
    text: Vectors

    @property
    def cosines(self) -> Vectors:
        """The cosine of each frame with the question."""
        import numpy as np

        norms = np.linalg.norm(self.frames, axis=1) * np.linalg.norm(self.text)
        found: Vectors = (self.frames @ self.text) / (norms + 1e-6)
        return found


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen.

    Attributes:
        selector: by its name.
        indices: of candidates, ascending.
        times: of the chosen, seconds.
        scores: of all candidates; empty for selectors that do not look.
    """

    selector: str
    indices: tuple[int, ...]
    times: tuple[float, ...]
    scores: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, name: str, candidates: Candidates, indices: Sequence[int], scores: Sequence[float] = ()
    ) -> Selection:
        """Return a selection; indices are sorted by time."""
        ordered = tuple(sorted(int(index) for index in indices))
        times = tuple(candidates.times[index] for index in ordered)
        return cls(name, ordered, times, tuple(float(score) for score in scores))


class Selector(Protocol):
    """Chooses frames for a question."""

    @property
    def name(self) -> str:
        """Names it in commands, records and tables."""

    @property
    def looks(self) -> bool:
        """Whether it needs features; if not, candidates may have none."""

    def select(self, candidates: Candidates, k: int, seed: int = 0) -> Selection:
        """Choose k frames, or all when there are fewer; a seed counts for those that draw."""


class Scorer(Protocol):
    """Gives frames a score; higher is chosen first."""

    def score(self, candidates: Candidates) -> Vectors:
        """Return (n,) scores."""
