"""Videos: exact reading by time, questions about needles in them, measures, answering models."""

from tracegraph.envs.video.cache import FeatureCache, FrameCache, content_hash
from tracegraph.envs.video.clock import FrameRef, Span, VideoInfo, clock
from tracegraph.envs.video.damage import Damaged, DamageReport
from tracegraph.envs.video.env import Look, Reply, Seen, VideoEnv
from tracegraph.envs.video.errors import (
    DamagedError,
    TruncatedError,
    VideoDataError,
    VideoError,
)
from tracegraph.envs.video.frame import Frame
from tracegraph.envs.video.needle import Clip, Haystacks, VideoTask
from tracegraph.envs.video.reader import Video

__all__ = [
    "Video", "Frame", "FrameRef", "Span", "VideoInfo", "clock", "Damaged", "DamageReport",
    "FrameCache", "FeatureCache", "content_hash",
    "Clip", "Haystacks", "VideoTask", "VideoEnv", "Look", "Reply", "Seen",
    "VideoError", "DamagedError", "TruncatedError", "VideoDataError",
]  # fmt: skip
