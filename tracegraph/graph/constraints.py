"""What a parameter's value must obey: checked before a value is accepted, told to optimizers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Constraint(Protocol):
    """A condition on values."""

    def check(self, value: Any) -> str | None:
        """Return what is wrong with the value, or None."""

    def __str__(self) -> str:
        """Tell the condition to an optimizer."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number between two bounds, both included; ``log`` says to search it by magnitude."""

    low: float | None = None
    high: float | None = None
    log: bool = False

    def check(self, value: Any) -> str | None:
        """Return what is wrong with the value, or None."""
        if isinstance(value, float) and math.isnan(value):
            return f"must be {self}, not NaN"
        below = self.low is not None and value < self.low
        above = self.high is not None and value > self.high
        return f"must be {self}" if below or above else None

    def __str__(self) -> str:
        if self.low is not None and self.high is not None:
            return f"between {self.low} and {self.high}"
        if self.low is not None:
            return f"at least {self.low}"
        return "any number" if self.high is None else f"at most {self.high}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text that a regular expression matches from beginning to end."""

    regex: str

    def check(self, value: Any) -> str | None:
        """Return what is wrong with the value, or None."""
        return None if re.fullmatch(self.regex, value, re.DOTALL) else f"must match {self.regex!r}"

    def __str__(self) -> str:
        return f"matches the regular expression {self.regex}"


@dataclass(frozen=True, slots=True)
class Length:
    """A text or list of bounded length: characters or items."""

    high: int
    low: int = 0

    def check(self, value: Any) -> str | None:
        """Return what is wrong with the value, or None."""
        if self.low <= len(value) <= self.high:
            return None
        return f"must be {self}; it is {len(value)}"

    def __str__(self) -> str:
        return f"at most {self.high} long" if not self.low else f"{self.low} to {self.high} long"


@dataclass(frozen=True, slots=True)
class Choices:
    """One of a fixed set of values."""

    values: tuple[Any, ...]

    def check(self, value: Any) -> str | None:
        """Return what is wrong with the value, or None."""
        # By type too: True == 1, but a switch is not a number.
        found = any(type(v) is type(value) and v == value for v in self.values)
        return None if found else f"must be {self}"

    def __str__(self) -> str:
        return f"one of {', '.join(map(repr, self.values))}"


@dataclass(frozen=True, slots=True)
class Predicate:
    """Any condition: a function of the value that returns whether it holds."""

    holds: Callable[[Any], bool]
    text: str

    def check(self, value: Any) -> str | None:
        """Return what is wrong with the value, or None."""
        return None if self.holds(value) else f"must obey: {self.text}"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Words:
    """A condition in words, for the optimizer to follow; it cannot be checked."""

    text: str

    def check(self, value: Any) -> str | None:
        """Return None: words cannot be checked."""
        return None

    def __str__(self) -> str:
        return self.text
