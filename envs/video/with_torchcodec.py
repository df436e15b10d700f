"""Decoding by torchcodec: the same pictures, for files that are known to be whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tracegraph.envs.video.clock import FrameRef, VideoInfo
from tracegraph.envs.video.errors import DamagedError, VideoError
from tracegraph.envs.video.frame import Frame, load_av
from tracegraph.envs.video.packets import PacketIndex
from tracegraph.errors import MissingExtraError, TracegraphError

if TYPE_CHECKING:
    from tracegraph.envs.video.frame import RGB


def pictures(
    info: VideoInfo,
    index: PacketIndex,
    asked: Mapping[int, float],
    *,
    longest: int | None,
    threads: int,
) -> Iterator[Frame]:
    """Give pictures in the order of time.

    torchcodec tells neither which pictures are damaged nor which it patched up, so all that it
    gives count as trusted, and its errors end the reading.

    Args:
        info, index: of the file.
        asked: times that were asked for, by the pts of the pictures.
        longest: pixels of the longer side; larger pictures are made smaller.
        threads: of the decoder; 0 lets it choose.

    Raises:
        MissingExtraError: torchcodec is not installed.
        DamagedError: a picture cannot be decoded.
        VideoError: torchcodec counts the pictures otherwise than the index does.
    """
    decoder_class = _load()
    keyframes = set(index.keyframes)
    try:
        decoder = decoder_class(info.path, dimension_order="NHWC", num_ffmpeg_threads=threads)
        for pts in sorted(asked):
            number = index.number(pts)
            found = decoder.get_frame_at(number)
            # Its numbers are ours only where both count the same pictures.
            if round(found.pts_seconds / index.time_base) != pts:
                raise VideoError(
                    f"{info.path}: torchcodec's picture {number} is another one; read with "
                    "decoder='pyav'"
                )
            ref = FrameRef(pts, index.time_of(pts), number, pts in keyframes)
            yield Frame(ref, _within(found.data.numpy(), longest), asked[pts])
    except (RuntimeError, IndexError, ValueError) as error:
        raise DamagedError(
            f"{info.path}: torchcodec stops ({_first_line(error)}); read with decoder='pyav', "
            "which goes on where a file is damaged"
        ) from error


def _within(rgb: RGB, longest: int | None) -> RGB:
    """Return a picture whose longer side has at most so many pixels."""
    height, width = rgb.shape[:2]
    if longest is None or max(width, height) <= longest:
        return rgb
    scale = longest / max(width, height)
    size = {"width": max(1, round(width * scale)), "height": max(1, round(height * scale))}
    picture = load_av().VideoFrame.from_ndarray(rgb, format="rgb24")
    smaller: RGB = picture.to_ndarray(format="rgb24", **size)
    return smaller


def _load() -> Any:
    try:
        from torchcodec.decoders import VideoDecoder
    except ImportError as error:
        raise MissingExtraError("torchcodec", "torchcodec") from error
    except (OSError, RuntimeError) as error:
        raise TracegraphError(
            f"torchcodec is installed and cannot be loaded ({_first_line(error)}): it needs "
            "ffmpeg's libraries, and the version that belongs to the torch that is here"
        ) from error
    return VideoDecoder


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
