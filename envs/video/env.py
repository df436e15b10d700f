"""The environment: a video, a question; the agent chooses frames, looks, answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tracegraph.envs import EnvError, Score, StepResult
from tracegraph.envs.video.cache import FrameCache
from tracegraph.envs.video.frame import Frame
from tracegraph.envs.video.metrics import precision_at_k, recall_at_k, span_recall
from tracegraph.envs.video.needle import VideoTask
from tracegraph.envs.video.reader import Video


@dataclass(frozen=True, slots=True)
class Look:
    """Look at a video at some times.

    Attributes:
        times: seconds.
        longest: pixels of the longer side.
        final: these are the frames that the answer rests on; they are scored.
    """

    times: tuple[float, ...]
    longest: int = 448
    final: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the question; ends the episode."""

    choice: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the agent sees.

    Attributes:
        task: the question.
        seconds: length of the pictures that are there.
        frames: what was looked at, in the order of time.
        damage: what is wrong with the file, or empty.
    """

    task: VideoTask
    seconds: float
    frames: tuple[Frame, ...] = ()
    damage: str = ""


@dataclass(slots=True)
class VideoEnv:
    """Questions about video files.

    Args:
        cache: a folder for decoded frames; None decodes anew.
    """

    cache: Path | None = None
    _task: VideoTask | None = None
    _video: Video | None = None
    _chosen: tuple[float, ...] = ()
    _reply: str | None = None
    _looked: int = field(default=0)

    async def reset(self, task: VideoTask, seed: int = 0) -> Seen:
        """Open the video of a task."""
        self._video = await asyncio.to_thread(Video, task.video)
        self._task, self._chosen, self._reply, self._looked = task, (), None, 0
        return Seen(task, self._video.seconds, damage=_damage(self._video))

    async def step(self, action: Look | Reply) -> StepResult[Seen]:
        """Look, or answer."""
        task, video = self._opened()
        if isinstance(action, Reply):
            self._reply = action.choice
            return StepResult(Seen(task, video.seconds), done=True)
        frames = await asyncio.to_thread(self._read, action.times, action.longest)
        self._looked += len(frames)
        if action.final:
            self._chosen = tuple(frame.ref.time_s for frame in frames)
        return StepResult(
            Seen(task, video.seconds, tuple(frames), _damage(video)), info={"frames": len(frames)}
        )

    async def evaluate(self) -> Score:
        """Return whether the answer is right, and how well the frames hit where it is."""
        task, _ = self._opened()
        right = float(bool(task.answer) and self._reply == task.answer)
        parts = {"answer": right, "frames": float(len(self._chosen))}
        if task.spans:
            parts |= {
                "precision": precision_at_k(self._chosen, task.spans),
                "recall": recall_at_k(self._chosen, task.spans),
                "span_recall": span_recall(self._chosen, task.spans),
            }
        said = "" if right else f"{self._reply!r} was answered; right is {task.answer!r}."
        if task.spans and not parts["span_recall"]:
            said += " None of the chosen frames shows the part of the video that was asked about."
        return Score(right, parts, said)

    async def close(self) -> None:
        """Forget the video; nothing stays open between steps."""
        self._video = None

    def _read(self, times: Sequence[float], longest: int) -> list[Frame]:
        _, video = self._opened()
        if self.cache is None:
            return list(video.frames(times, longest=longest))
        return list(FrameCache(self.cache).frames(video, times, longest=longest))

    def _opened(self) -> tuple[VideoTask, Video]:
        if self._task is None or self._video is None:
            raise EnvError("no task was begun: reset the environment first")
        return self._task, self._video


def _damage(video: Video) -> str:
    return "" if video.report.clean else str(video.report)
