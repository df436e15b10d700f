"""What can go wrong with a video."""

from __future__ import annotations

from tracegraph.envs import EnvError
from tracegraph.errors import TracegraphError


class VideoError(EnvError):
    """A file cannot be read as a video, or has no such part."""


class DamagedError(VideoError):
    """A wanted picture is damaged, and the caller asked to be told."""


class TruncatedError(TracegraphError):
    """A server saw fewer frames than it was sent."""


class VideoDataError(TracegraphError):
    """A data set's folder does not have the layout that its loader reads."""
