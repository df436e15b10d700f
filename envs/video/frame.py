"""One decoded picture."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracegraph.envs.video.clock import FrameRef
from tracegraph.errors import MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    RGB = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and which one it is.

    Attributes:
        ref: which picture.
        rgb: (height, width, 3), uint8.
        wanted_s: the time that was asked for; differs from ``ref.time_s`` by less than the
            picture is shown, or by more where a damaged one was replaced.
    """

    ref: FrameRef
    rgb: RGB
    wanted_s: float

    @property
    def hash(self) -> str:
        """A name of what is seen, equal for equal pixels."""
        told = hashlib.sha256(str(self.rgb.shape).encode())
        told.update(self.rgb.tobytes())
        return told.hexdigest()

    def jpeg(self, quality: int = 88) -> bytes:
        """Return the picture as a JPEG file."""
        return encode_jpeg(self.rgb, quality)


def encode_jpeg(rgb: RGB, quality: int = 88) -> bytes:
    """Return pixels as a JPEG file."""
    buffer = io.BytesIO()
    load_pillow().fromarray(rgb).save(buffer, format="JPEG", quality=quality)
    return buffer.getvalue()


def decode_picture(data: bytes) -> RGB:
    """Return the pixels of a JPEG or PNG file."""
    import numpy as np

    return np.asarray(load_pillow().open(io.BytesIO(data)).convert("RGB"))


def load_pillow() -> Any:
    """Return Pillow's Image module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("video", "pillow") from error
    return Image


def load_av() -> Any:
    """Return PyAV.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("video", "av") from error
    return av
