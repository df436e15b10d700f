"""Selectors of frames, as named objects."""

from tracegraph.agents.tspo.selectors.base import Candidates, Scorer, Selection, Selector
from tracegraph.agents.tspo.selectors.named import (
    NAMES,
    Cosine,
    Drawn,
    HeadScorer,
    Ranked,
    Uniform,
    load,
    make_selector,
)

__all__ = [
    "Candidates", "Selection", "Selector", "Scorer", "NAMES", "make_selector", "load",
    "Uniform", "Ranked", "Drawn", "Cosine", "HeadScorer",
]  # fmt: skip
