"""Scenes as pixels with true masks: moving shapes over dull backgrounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracegraph.envs.video.events import COLOURS, DIRECTIONS, Event

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tracegraph.envs.video.frame import RGB

    Mask = npt.NDArray[np.bool_]

__all__ = ["Scene", "Mover"]


@dataclass(frozen=True, slots=True)
class Mover:
    """A shape and its way through the picture.

    Attributes:
        event: what it looks like and where it goes.
        x, y: its centre in the middle of the scene, as shares of width and height.
        radius: as a share of the height.
        travel: how far it goes during the scene, as a share of the height.
        start, end: when it is there, as shares of the scene.
    """

    event: Event
    x: float = 0.5
    y: float = 0.5
    radius: float = 0.16
    travel: float = 0.4
    start: float = 0.0
    end: float = 1.0


class Scene:
    """Shapes in front of a background that a seed decides.

    Args:
        movers: later ones are drawn over earlier ones.
        width: in pixels.
        height: in pixels.
        seed: of the background and the noise.
    """

    def __init__(
        self, movers: Sequence[Mover], *, width: int = 128, height: int = 72, seed: int = 0
    ) -> None:
        import numpy as np

        self.movers = tuple(movers)
        self.width = width
        self.height = height
        self._random = np.random.default_rng(seed)
        self._background = self._make_background()
        self._rows, self._columns = np.mgrid[0:height, 0:width].astype(np.float32)

    def draw(self, share: float) -> tuple[RGB, dict[str, Mask]]:
        """Return the picture at a share of the scene, and what is visible of each label."""
        import numpy as np

        canvas = self._background.copy()
        masks: dict[str, Mask] = {}
        for mover in self.movers:
            if not mover.start <= share <= mover.end:
                continue
            mask = self._shape(mover, share)
            canvas[mask] = COLOURS[mover.event.colour]
            masks = {label: other & ~mask for label, other in masks.items()}
            masks[mover.event.label] = mask
        noise = self._random.normal(0, 4, canvas.shape).astype(np.float32)
        return np.clip(canvas + noise, 0, 255).astype(np.uint8), masks

    def _make_background(self) -> npt.NDArray[np.float32]:
        import numpy as np

        draw = self._random
        low, high = draw.uniform(40, 110), draw.uniform(120, 210)
        ramp = np.linspace(low, high, self.width if draw.random() < 0.5 else self.height)
        shaped = ramp[None, :] if len(ramp) == self.width else ramp[:, None]
        grey = np.broadcast_to(shaped, (self.height, self.width)).copy()
        for _ in range(int(draw.integers(2, 6))):  # dull boxes: things that are no events
            top, left = int(draw.integers(0, self.height)), int(draw.integers(0, self.width))
            tall, wide = int(draw.integers(6, 30)), int(draw.integers(6, 40))
            grey[top : top + tall, left : left + wide] = draw.uniform(30, 220)
        tint = draw.uniform(-10, 10, 3)
        return (grey[..., None] + tint).astype(np.float32)

    def _shape(self, mover: Mover, share: float) -> Mask:
        import numpy as np

        step = (share - 0.5) * mover.travel * self.height
        dx, dy = DIRECTIONS[mover.event.direction]
        size = mover.radius * self.height
        x = (self._columns - (mover.x * self.width + dx * step)) / size
        y = (self._rows - (mover.y * self.height + dy * step)) / size
        far, near = np.maximum(abs(x), abs(y)), np.minimum(abs(x), abs(y))
        inside: dict[str, Mask] = {
            "circle": x * x + y * y <= 1,
            "square": far <= 0.9,
            "triangle": (abs(y) <= 0.9) & (abs(x) <= (y + 0.9) / 1.8),
            "cross": (near <= 0.3) & (far <= 1),
        }
        return inside[mover.event.shape]
