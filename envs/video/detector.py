"""A detector of the events that `scene` renders: it looks at pixels and knows nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracegraph.envs.video.components import components
from tracegraph.envs.video.events import COLOURS, SHAPES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tracegraph.envs.video.frame import RGB

    Mask = npt.NDArray[np.bool_]

_SATURATION = 90  # difference of the largest and the smallest channel
_LEAST_SHARE = 0.002  # of the picture


@dataclass(frozen=True, slots=True)
class Detection:
    """A coloured shape in a picture.

    Attributes:
        colour, shape: as the events name them.
        x, y: its centre in shares of the height.
        mask: its pixels.
    """

    colour: str
    shape: str
    x: float
    y: float
    mask: Mask

    @property
    def label(self) -> str:
        """Colour and shape."""
        return f"{self.colour} {self.shape}"


def detect(rgb: RGB) -> list[Detection]:
    """Return the coloured shapes in a picture, largest first."""
    import numpy as np

    pixels = rgb.astype(np.int16)
    saturated = pixels.max(axis=2) - pixels.min(axis=2) >= _SATURATION
    if not saturated.any():
        return []
    palette = np.array([_hue(np.array(colour)[None, None])[0, 0] for colour in COLOURS.values()])
    hue = _hue(pixels)
    away = np.abs((hue[..., None] - palette + 180) % 360 - 180)
    nearest = away.argmin(axis=2)
    height, width = saturated.shape
    found = []
    for number, colour in enumerate(COLOURS):
        mask = saturated & (nearest == number)
        for part in components(mask, least=max(12, int(_LEAST_SHARE * height * width))):
            rows, columns = np.nonzero(part)
            found.append(
                Detection(
                    colour, _shape(part), float(columns.mean()) / height,
                    float(rows.mean()) / height, part,
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: -int(one.mask.sum()))


def _hue(pixels: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """Return hues in degrees; of greys it says nothing."""
    import numpy as np

    red, green, blue = (pixels[..., channel].astype(np.float32) for channel in range(3))
    angle = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)
    degrees: npt.NDArray[np.float32] = np.degrees(angle).astype(np.float32) % 360
    return degrees


def _shape(part: Mask) -> str:
    """Return the name of the shape, by how much of its box it fills and where."""
    import numpy as np

    rows, columns = np.nonzero(part)
    box = part[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = box.shape
    a, b = np.mgrid[0:height, 0:width]
    y, x = (a + 0.5) / height * 2 - 1, (b + 0.5) / width * 2 - 1
    ideal = {
        "circle": x * x + y * y <= 1,
        "square": np.ones_like(box),
        "triangle": abs(x) <= (y + 1) / 2,
        "cross": np.minimum(abs(x), abs(y)) <= 0.3,
    }
    return max(SHAPES, key=lambda name: (ideal[name] & box).sum() / (ideal[name] | box).sum())
