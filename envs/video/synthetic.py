"""Clips of rendered events, and files of spliced clips."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.envs.video.errors import VideoDataError
from tracegraph.envs.video.events import DIRECTIONS, Event
from tracegraph.envs.video.needle import Clip, VideoTask, event_clip
from tracegraph.envs.video.reader import Video
from tracegraph.envs.video.scene import Mover, Scene
from tracegraph.envs.video.writer import write_video

if TYPE_CHECKING:
    from tracegraph.envs.video.frame import RGB


@dataclass(frozen=True, slots=True)
class ClipStyle:
    """How synthetic clips look.

    Attributes:
        seconds, rate: length, and pictures a second.
        width, height: pixels, even numbers.
    """

    seconds: float = 10.0
    rate: int = 2
    width: int = 128
    height: int = 72


def render_clips(
    folder: str | Path,
    labels: Sequence[str],
    *,
    each: int = 4,
    seed: int = 0,
    style: ClipStyle | None = None,
) -> list[Clip]:
    """Render clips of each label and return them; files that are there are taken as they are.

    Args:
        folder: where the files go.
        labels: such as "red circle".
        each: clips a label; the directions take turns.
        seed: of backgrounds, places and sizes.
        style: how they look.
    """
    style = style or ClipStyle()
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    clips = []
    for label in labels:
        colour, shape = label.split()
        for number in range(each):
            name = f"{colour}-{shape}-{seed}-{number}"
            event = Event(colour, shape, list(DIRECTIONS)[number % len(DIRECTIONS)])
            path = home / f"{name}.mp4"
            if not path.exists():
                part = path.with_suffix(".part")
                write_video(part, _pictures(event, name, style), rate=style.rate, gop=20)
                part.rename(path)
            clips.append(event_clip(str(path), event, style.seconds))
    return clips


def _pictures(event: Event, name: str, style: ClipStyle) -> Iterator[tuple[float, RGB]]:
    draw = random.Random(name)
    mover = Mover(
        event,
        x=draw.uniform(0.3, 0.7),
        y=draw.uniform(0.42, 0.58),
        radius=draw.uniform(0.14, 0.22),
        travel=draw.uniform(0.35, 0.55),
    )
    scene = Scene([mover], width=style.width, height=style.height, seed=draw.randrange(1 << 30))
    count = round(style.seconds * style.rate)
    for number in range(count):
        yield number / style.rate, scene.draw(number / max(1, count - 1))[0]


def splice(task: VideoTask, path: str | Path, *, rate: int = 2, height: int = 72) -> VideoTask:
    """Write the clips of a task as one file and return the task about that file.

    Pictures of other shapes are fitted in with black borders.

    Args:
        task: with clips.
        path: the file to write.
        rate: pictures a second.
        height: pixels; the width is that of 16:9.

    Raises:
        VideoDataError: the task has no clips.
    """
    if not task.clips:
        raise VideoDataError(f"{task.id} has no clips to splice")
    write_video(path, _spliced(task, rate, height), rate=rate)
    return replace(task, video=str(path))


def _spliced(task: VideoTask, rate: int, height: int) -> Iterator[tuple[float, RGB]]:
    begun = 0.0
    size = (round(height * 16 / 9 / 2) * 2, height)
    for clip in task.clips:
        count = round(clip.seconds * rate)
        times = [clip.start + number / rate for number in range(count)]
        for frame in Video(clip.path).frames(times):
            yield begun + frame.wanted_s - clip.start, _fitted(frame.rgb, size)
        begun += clip.seconds


def _fitted(rgb: RGB, size: tuple[int, int]) -> RGB:
    import numpy as np

    from tracegraph.envs.video.frame import load_pillow

    width, height = size
    if rgb.shape[:2] == (height, width):
        return rgb
    pictures = load_pillow()
    scale = min(width / rgb.shape[1], height / rgb.shape[0])
    inner = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    whole = pictures.new("RGB", size)
    corner = ((width - inner[0]) // 2, (height - inner[1]) // 2)
    whole.paste(pictures.fromarray(rgb).resize(inner), corner)
    return np.asarray(whole)
