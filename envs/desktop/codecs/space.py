"""Coordinates of a model and of a frame: translated once, here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tracegraph.envs.desktop.actions import FormatError

_FACTOR = 28
_LEAST = 100 * _FACTOR**2
_MOST = 16384 * _FACTOR**2


@dataclass(frozen=True, slots=True)
class Space:
    """A frame of ``width`` x ``height`` pixels, in which a model counts to ``across``, ``down``."""

    width: int
    height: int
    across: float
    down: float

    @classmethod
    def pixels(cls, width: int, height: int) -> Space:
        """Return the space of models that count in pixels of the frame."""
        return cls(width, height, width, height)

    @classmethod
    def thousand(cls, width: int, height: int) -> Space:
        """Return the space of models that count from 0 to 1000, as UI-TARS 1 does."""
        return cls(width, height, 1000, 1000)

    @classmethod
    def resized(
        cls, width: int, height: int, *, least: int = _LEAST, most: int = _MOST, factor: int = 28
    ) -> Space:
        """Return the space of models that count in pixels of the picture as they resized it.

        UI-TARS 1.5 does, as all of Qwen2.5-VL; 1920 x 1080 becomes 1932 x 1092.

        Args:
            width: of the frame.
            height: of the frame.
            least: pixels of the resized picture, at least.
            most: the same, at most.
            factor: what both its sides are divisible by.
        """
        across, down = smart_resize(width, height, least=least, most=most, factor=factor)
        return cls(width, height, across, down)

    def to_frame(self, x: float, y: float) -> tuple[int, int]:
        """Return the pixel of the frame that a model's point stands for.

        Raises:
            FormatError: the point is off the screen.
        """
        if not (0 <= x <= self.across and 0 <= y <= self.down):
            raise FormatError(
                f"({x:g}, {y:g}) is off the screen, which ends at ({self.across:g}, {self.down:g})"
            )
        right = round(x * self.width / self.across)
        below = round(y * self.height / self.down)
        return min(right, self.width - 1), min(below, self.height - 1)

    def to_model(self, x: int, y: int) -> tuple[int, int]:
        """Return how the model writes a pixel of the frame."""
        return round(x * self.across / self.width), round(y * self.down / self.height)


def smart_resize(
    width: int, height: int, *, least: int = _LEAST, most: int = _MOST, factor: int = _FACTOR
) -> tuple[int, int]:
    """Return the size that Qwen-VL's preprocessing gives a picture.

    Both sides become divisible by ``factor``, the area lies between ``least`` and ``most``, and
    the proportions stay as near as that allows.
    """
    across = max(factor, round(width / factor) * factor)
    down = max(factor, round(height / factor) * factor)
    if across * down > most:
        shrink = math.sqrt(width * height / most)
        return (
            max(factor, math.floor(width / shrink / factor) * factor),
            max(factor, math.floor(height / shrink / factor) * factor),
        )
    if across * down < least:
        grow = math.sqrt(least / (width * height))
        return (
            math.ceil(width * grow / factor) * factor,
            math.ceil(height * grow / factor) * factor,
        )
    return across, down
