"""ReSocratic: optimisation problems made backwards, from verified models to questions.

`Modeller` solves problems in words, `Synthesizer` makes new ones.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.agents.resocratic.contamination import Gate, Overlap
    from tracegraph.agents.resocratic.demonstration import Demonstration, Section, Variable
    from tracegraph.agents.resocratic.seeds import Seed
    from tracegraph.agents.resocratic.solve import Modeller
    from tracegraph.agents.resocratic.synthesizer import Settings, Synthesizer
    from tracegraph.agents.resocratic.target import Aim, Target
    from tracegraph.agents.resocratic.verify import Difficulty, Verified

__all__ = [
    "Modeller",
    "Synthesizer", "Settings",
    "Demonstration", "Section", "Variable",
    "Seed",
    "Target", "Aim",
    "Verified", "Difficulty",
    "Gate", "Overlap",
]  # fmt: skip

_HOMES = {
    "contamination": ("Gate", "Overlap"),
    "demonstration": ("Demonstration", "Section", "Variable"),
    "seeds": ("Seed",),
    "solve": ("Modeller",),
    "synthesizer": ("Synthesizer", "Settings"),
    "target": ("Target", "Aim"),
    "verify": ("Verified", "Difficulty"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
