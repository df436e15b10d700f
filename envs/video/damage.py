"""Damage: which pictures not to believe, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

# What to do with a damaged picture: leave it out, take the nearest good one, stop, or give it
# with ``trusted=False``.
Damaged = Literal["skip", "nearest", "fail", "keep"]


@dataclass(slots=True)
class DamageReport:
    """What was found while reading; ``clean`` when nothing was.

    Attributes:
        errors: times of the decoder's errors, with its words.
        untrusted: how many decoded pictures were not to be believed.
        replaced: times asked for that got the nearest good picture instead.
        left_out: times asked for that got none.
        truncated: whether the file ends before its header says.
        end_s: where the pictures end.
    """

    errors: list[tuple[float, str]] = field(default_factory=list)
    untrusted: int = 0
    replaced: list[float] = field(default_factory=list)
    left_out: list[float] = field(default_factory=list)
    truncated: bool = False
    end_s: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether everything that was read can be believed."""
        return not (self.errors or self.untrusted or self.left_out or self.truncated)

    def __str__(self) -> str:
        if self.clean:
            return "no damage found"
        told = []
        if self.truncated:
            told.append(f"the file ends early, at {self.end_s:.1f} s")
        if self.errors:
            told.append(
                f"{len(self.errors)} decoding errors, the first at {self.errors[0][0]:.1f} s"
            )
        for count, what in (
            (self.untrusted, "pictures not trusted"),
            (len(self.replaced), "replaced by the nearest good one"),
            (len(self.left_out), "left out"),
        ):
            if count:
                told.append(f"{count} {what}")
        return "; ".join(told)


class Taint:
    """The rule: after an error nothing is believed until the next keyframe.

    Pictures after a damaged one are made from it, and no decoder says so.
    """

    def __init__(self) -> None:
        self.tainted = False

    def error(self) -> None:
        """Note that the decoder failed."""
        self.tainted = True

    def trusts(self, *, keyframe: bool, corrupt: bool) -> bool:
        """Note a decoded picture and return whether to believe it."""
        if corrupt:
            self.tainted = True
        elif keyframe:
            self.tainted = False
        return not self.tainted
