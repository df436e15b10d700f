"""An encoder made by hand: colours and outlines of pictures, hashed words. Nothing is learned.

Its two sides have nothing to do with each other until a head is trained: the cosine of a frame
and a question says nothing. So it shows what training adds, and needs no weights.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracegraph.errors import MissingExtraError

if TYPE_CHECKING:
    import numpy as np

    from tracegraph.agents.tspo.encoders.base import Vectors
    from tracegraph.envs.video.frame import RGB

_HUES, _GREYS, _GRID = 12, 4, 5
_WORDS = re.compile(r"[a-z]+")


class HandmadeEncoder:
    """Histograms of hue, and the outline of what is colourful, through a fixed random projection.

    Args:
        dim: the length of a vector.
    """

    def __init__(self, dim: int = 128) -> None:
        try:
            import numpy as np
        except ImportError as error:
            raise MissingExtraError("video", "numpy") from error

        self.dim = dim
        size = _HUES + _GREYS + _GRID * _GRID
        draw = np.random.default_rng(20_250_804)
        self._projection = (draw.normal(size=(size, dim)) / np.sqrt(dim)).astype(np.float32)

    @property
    def id(self) -> str:
        """Version and size."""
        return f"handmade 1 {self.dim}"

    def encode_frames(self, frames: Sequence[RGB]) -> Vectors:
        """Return what the pictures look like."""
        import numpy as np

        if not frames:
            return np.zeros((0, self.dim), np.float32)
        looks = np.stack([_look(frame) for frame in frames]) @ self._projection
        norms = np.linalg.norm(looks, axis=1, keepdims=True) + 1e-6
        found: Vectors = (looks / norms).astype(np.float32)
        return found

    def encode_text(self, text: str) -> Vectors:
        """Return the sum of one random vector a word."""
        import numpy as np

        total = np.zeros(self.dim, np.float32)
        for word in _WORDS.findall(text.lower()):
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
            total += np.random.default_rng(seed).normal(size=self.dim).astype(np.float32)
        found: Vectors = (total / (np.linalg.norm(total) + 1e-6)).astype(np.float32)
        return found


def _look(rgb: RGB) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    import numpy as np

    step = max(1, max(rgb.shape[:2]) // 128)
    pixels = rgb[::step, ::step].astype(np.float32)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    high, low = pixels.max(axis=2), pixels.min(axis=2)
    colourful = np.clip((high - low - 60) / 60, 0, 1)
    hue = np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)) % 360
    bins = np.minimum(hue / 360 * _HUES, _HUES - 1).astype(np.int64)
    hues = np.bincount(bins.ravel(), colourful.ravel(), _HUES)
    total = hues.sum()
    shares = np.sqrt(hues / (total + 1e-6)) if total > 4 else np.zeros(_HUES)
    greys = np.histogram((1 - colourful) * high, bins=_GREYS, range=(0, 256))[0]
    outline = _outline(colourful) if total > 4 else np.zeros(_GRID * _GRID)
    return np.concatenate([shares, 0.3 * np.sqrt(greys / greys.sum()), outline]).astype(np.float32)


def _outline(
    colourful: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return how full each field of a grid over the colourful region is, wherever that is."""
    import numpy as np

    rows, columns = np.mgrid[0 : colourful.shape[0], 0 : colourful.shape[1]]
    total = colourful.sum()
    y, x = (rows * colourful).sum() / total, (columns * colourful).sum() / total
    tall = np.sqrt((colourful * (rows - y) ** 2).sum() / total) + 0.5
    wide = np.sqrt((colourful * (columns - x) ** 2).sum() / total) + 0.5
    a = np.floor((rows - y) / tall * 1.2 + _GRID / 2).astype(np.int64)
    b = np.floor((columns - x) / wide * 1.2 + _GRID / 2).astype(np.int64)
    inside = (a >= 0) & (a < _GRID) & (b >= 0) & (b < _GRID)
    cells = (a * _GRID + b)[inside]
    filled = np.bincount(cells, colourful[inside], _GRID * _GRID)
    return 2.0 * (filled / (np.bincount(cells, minlength=_GRID * _GRID) + 1e-6) - 0.5) / _GRID
