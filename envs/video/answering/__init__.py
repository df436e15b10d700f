"""What answers questions about frames: vision models in two ways, and a detector."""

from tracegraph.envs.video.answering.as_video import VideoAnswerer
from tracegraph.envs.video.answering.detecting import DetectorAnswerer
from tracegraph.envs.video.answering.images import ImageAnswerer
from tracegraph.envs.video.answering.protocol import Answer, Answerer, chosen
from tracegraph.envs.video.answering.remembered import RememberedAnswerer

__all__ = [
    "Answer", "Answerer", "chosen",
    "ImageAnswerer", "VideoAnswerer", "DetectorAnswerer", "RememberedAnswerer",
]  # fmt: skip
