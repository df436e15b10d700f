"""DAPO's dynamic sampling: only groups that can teach something fill a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor

from tracegraph.policy.advantages import group_moments

T = TypeVar("T")


def varied(rewards: Tensor, groups: Tensor, least: float = 1e-6) -> Tensor:
    """Return which completions are in a group whose rewards differ, as a mask of booleans.

    All others have an advantage of 0: they cost a backward pass and, where tokens are averaged
    over the batch, dilute it. Source: DAPO (arXiv 2503.14476), section 3.2, equation 11.
    """
    return group_moments(rewards, groups).deviation > least


@dataclass(frozen=True, slots=True)
class Filled(Generic[T]):
    """A batch of groups that vary, and how many were drawn for it."""

    groups: list[T]
    drawn: int

    @property
    def useless(self) -> int:
        """Groups that were drawn and had no variance, or were more than needed."""
        return self.drawn - len(self.groups)


def fill(
    draw: Callable[[int], Sequence[T]], rewards: Callable[[T], Sequence[float]], wanted: int,
    rounds: int = 3,
) -> Filled[T]:  # fmt: skip
    """Draw groups until so many vary, at most so many rounds; the last may leave fewer.

    Args:
        draw: returns that many new groups.
        rewards: of the samples of a group.
        wanted: groups that vary.
        rounds: how often groups are drawn at most: a task that is solved, or hopeless, would
            otherwise be drawn for ever.
    """
    kept: list[T] = []
    drawn = 0
    for _ in range(rounds):
        got = draw(wanted - len(kept))
        drawn += len(got)
        kept += [group for group in got if len(set(rewards(group))) > 1]
        if len(kept) >= wanted:
            break
    return Filled(kept[:wanted], drawn)


def overlong(lengths: Tensor, longest: int, margin: int) -> Tensor:
    """Return DAPO's penalty of long answers, from 0 to -1 over the last ``margin`` tokens.

    Source: arXiv 2503.14476, equation 13.
    """
    return ((longest - margin - lengths) / margin).clamp(-1.0, 0.0)
