"""TSPO: choosing the frames of a long video that a question is about.

`TspoAgent` chooses with a `Selector` and asks a model; `Training` makes the head that chooses.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.agents.tspo.agent import TspoAgent
    from tracegraph.agents.tspo.checkpoint import load_head, save_head
    from tracegraph.agents.tspo.data import synthetic_splits
    from tracegraph.agents.tspo.encoders import Encoder, make_encoder
    from tracegraph.agents.tspo.head import TemporalHead
    from tracegraph.agents.tspo.selectors import Candidates, Selection, Selector, make_selector
    from tracegraph.agents.tspo.settings import TrainSettings
    from tracegraph.agents.tspo.train import Training, compare

__all__ = [
    "TspoAgent",
    "Selector", "Selection", "Candidates", "make_selector",
    "Encoder", "make_encoder",
    "TemporalHead",
    "load_head", "save_head",
    "synthetic_splits",
    "TrainSettings",
    "Training", "compare",
]  # fmt: skip

_HOMES = {
    "agent": ("TspoAgent",),
    "checkpoint": ("load_head", "save_head"),
    "data": ("synthetic_splits",),
    "encoders": ("Encoder", "make_encoder"),
    "head": ("TemporalHead",),
    "selectors": ("Selector", "Selection", "Candidates", "make_selector"),
    "settings": ("TrainSettings",),
    "train": ("Training", "compare"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
