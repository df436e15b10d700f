"""What answers questions about videos, by the name that a command was given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracegraph.envs.video.answering import Answerer


def make_answerer(model: str, video: Path | None, *, as_video: bool = False) -> Answerer:
    """Return what answers.

    Args:
        model: a vision model, "detector" or "none".
        video: the file, for frames that are sent as one video.
        as_video: send frames as one video with exact indices, in vLLM's form.
    """
    from tracegraph.envs.video import Video
    from tracegraph.envs.video.answering import DetectorAnswerer, ImageAnswerer, VideoAnswerer
    from tracegraph.envs.video.answering.silent import NoAnswerer
    from tracegraph.models import LLM

    if model == "none":
        return NoAnswerer()
    if model == "detector":
        return DetectorAnswerer()
    if as_video and video is not None:
        return VideoAnswerer(LLM(model), Video(video).info)
    return ImageAnswerer(LLM(model))
