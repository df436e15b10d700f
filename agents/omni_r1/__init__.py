"""Omni-R1: global reasoning over a whole video, details on a few of its frames.

`OmniR1` runs a `GlobalSystem` that chooses moments and a `DetailSystem` that finds what is meant.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.agents.omni_r1.agent import OmniR1
    from tracegraph.agents.omni_r1.colour import ColourDetails
    from tracegraph.agents.omni_r1.constants import Constants, preset
    from tracegraph.agents.omni_r1.segmenters import BoxFill, Sam2Segmenter
    from tracegraph.agents.omni_r1.systems import (
        Details,
        DetailSystem,
        GlobalSystem,
        GroundedDetails,
        ScriptedGlobal,
        Segmenter,
        VlmGlobal,
    )

__all__ = [
    "OmniR1",
    "GlobalSystem", "VlmGlobal", "ScriptedGlobal",
    "DetailSystem", "GroundedDetails", "Details", "Segmenter",
    "ColourDetails",
    "BoxFill", "Sam2Segmenter",
    "Constants", "preset",
]  # fmt: skip

_HOMES = {
    "agent": ("OmniR1",),
    "colour": ("ColourDetails",),
    "constants": ("Constants", "preset"),
    "segmenters": ("BoxFill", "Sam2Segmenter"),
    "systems": (
        "GlobalSystem",
        "VlmGlobal",
        "ScriptedGlobal",
        "DetailSystem",
        "GroundedDetails",
        "Details",
        "Segmenter",
    ),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
