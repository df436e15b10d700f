"""Events that can be rendered: a coloured shape that moves in one direction."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from tracegraph.envs.video.errors import VideoDataError

__all__ = ["Event", "split_labels"]

# Full saturation on backgrounds with little: found by colour alone, also after compression.
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (225, 25, 25),
    "orange": (240, 140, 15),
    "green": (30, 190, 45),
    "cyan": (20, 195, 205),
    "blue": (35, 60, 225),
    "magenta": (215, 30, 200),
}
SHAPES = ("circle", "square", "triangle", "cross")
DIRECTIONS: dict[str, tuple[float, float]] = {
    "left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """What happens in a clip."""

    colour: str
    shape: str
    direction: str

    @property
    def label(self) -> str:
        """What is there, without what it does: "red circle"."""
        return f"{self.colour} {self.shape}"

    @property
    def question(self) -> str:
        """What is asked about it; the answer is the direction."""
        return f"In which direction does the {self.label} move?"


def split_labels(held_out: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Return labels for training and labels never asked there.

    Every colour and every shape occurs in training, so the held-out ones ask for a combination
    that is new, of parts that are not.

    Raises:
        VideoDataError: so many cannot be held out.
    """
    pairs = list(itertools.product(COLOURS, SHAPES))
    random.Random(seed).shuffle(pairs)
    kept = list(pairs)
    held: list[tuple[str, str]] = []
    for pair in pairs:
        if len(held) == held_out:
            break
        rest = [other for other in kept if other != pair]
        if {c for c, _ in rest} == set(COLOURS) and {s for _, s in rest} == set(SHAPES):
            kept, held = rest, [*held, pair]
    if len(held) < held_out:
        raise VideoDataError(f"{held_out} of {len(pairs)} labels cannot be held out: ask for fewer")
    return [f"{c} {s}" for c, s in kept], [f"{c} {s}" for c, s in held]
