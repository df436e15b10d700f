"""What an evaluation function says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from tracegraph.envs.protocol import EvalError


class Spoiled(Exception):
    """What the agent left cannot be read: as wrong as a wrong content."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A value from 0 to 1, and what is wrong when it is not 1."""

    value: float
    why: str = ""

    @classmethod
    def of(cls, problems: list[str]) -> Verdict:
        """Return full marks, or none with the first few problems."""
        return cls(0.0, "; ".join(problems[:5])) if problems else cls(1.0)


@contextlib.contextmanager
def reading(kind: str, *, ours: bool) -> Iterator[None]:
    """Say whose fault it is when a file cannot be read.

    Args:
        kind: what the file should be, as "document".
        ours: it is what the task expects, not what the agent left.

    Raises:
        Spoiled: the agent left something else.
        EvalError: the task's own file is broken.
    """
    try:
        yield
    except Exception as error:  # broken files make parsers raise nearly anything
        if ours:
            raise EvalError(f"the expected {kind} cannot be read: {error}") from error
        raise Spoiled(f"it is no {kind}: {error}") from error


def text_of(found: object) -> str:
    """Return a result as text."""
    if isinstance(found, bytes):
        try:
            return found.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Spoiled(f"the file is not a text: {error}") from error
    return str(found)


def short(value: object) -> str:
    """Return a value for a sentence about it."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def likeness(one: str, other: str) -> float:
    """Return how alike two texts are, from 0 to 1: twice their longest common subsequence.

    It is taken over the sum of their lengths. The subsequence is found with a bit for each sign
    of one text (Hyyrö 2004).
    """
    if not one and not other:
        return 1.0
    places: dict[str, int] = {}
    for number, sign in enumerate(one):
        places[sign] = places.get(sign, 0) | (1 << number)
    rest = every = (1 << len(one)) - 1
    for sign in other:
        met = rest & places.get(sign, 0)
        rest = ((rest + met) | (rest - met)) & every
    return 2 * (len(one) - rest.bit_count()) / (len(one) + len(other))
