"""A candidate: one value for each parameter, under a name that its values give it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracegraph.runs.payload import encode


@dataclass(frozen=True, slots=True)
class Candidate:
    """Values of all parameters; equal values are one candidate, in every process.

    Attributes:
        values: by parameter name.
        parent: the name of the candidate that it was made from; empty for the seed.
        optimizer: who proposed it; empty for the seed.
        reasoning: why.
    """

    values: Mapping[str, Any]
    parent: str = ""
    optimizer: str = ""
    reasoning: str = ""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", name_of(self.values))

    @property
    def size(self) -> int:
        """How much there is to read: the length of all values as text; smaller is simpler."""
        return sum(len(encode(value)) for value in self.values.values())

    def changes(self, other: Candidate) -> dict[str, tuple[Any, Any]]:
        """Return (the other's value, this one's) for each parameter that differs."""
        return {
            name: (other.values.get(name), value)
            for name, value in self.values.items()
            if encode(other.values.get(name)) != encode(value)
        }


def name_of(values: Mapping[str, Any]) -> str:
    """Return the name of some values: eight hexadecimal digits of their hash."""
    text = encode({name: values[name] for name in sorted(values)})
    return hashlib.sha256(text.encode()).hexdigest()[:8]
