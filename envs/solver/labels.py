"""The registry of labels that are known to be bad: ``labels.json``, with reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Literal

FlawKind = Literal["wrong", "ill_posed", "coarse"]


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a label: it is ``wrong``, its question is ``ill_posed``, or it is right
    but given too ``coarse`` for the published rule. ``objective`` is the right one, where known.
    """

    kind: FlawKind
    reason: str
    objective: float | None = None


def flaws(dataset: str) -> Mapping[str, Flaw]:
    """Return the flaws of a data set, by item; ``dataset`` is its file's name, in small letters."""
    text = resources.files("tracegraph.envs.solver").joinpath("labels.json").read_text("utf-8")
    return {item: Flaw(**told) for item, told in json.loads(text).get(dataset, {}).items()}
