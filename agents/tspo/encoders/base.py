"""What turns frames and questions into vectors of one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tracegraph.envs.video.frame import RGB

    Vectors = npt.NDArray[np.float32]


class EncoderError(TracegraphError):
    """An encoder cannot be loaded."""


class Encoder(Protocol):
    """A frozen image-text encoder."""

    @property
    def id(self) -> str:
        """Names weights and preprocessing: features of one id can be compared."""

    @property
    def dim(self) -> int:
        """The length of a vector."""

    def encode_frames(self, frames: Sequence[RGB]) -> Vectors:
        """Return (n, dim) float32."""

    def encode_text(self, text: str) -> Vectors:
        """Return (dim,) float32; what is too long for the encoder is cut off."""
