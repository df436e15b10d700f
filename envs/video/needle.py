"""The needle task: a clip to ask about, spliced into a long video of others."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tracegraph.envs.video.clock import Span
from tracegraph.envs.video.errors import VideoDataError
from tracegraph.envs.video.events import DIRECTIONS, Event


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of a video file.

    Attributes:
        path: the file.
        start, end: seconds.
        label: what is in it; clips of one label never are each other's distractors.
        question, options, answer: what can be asked about it; the answer is one of the options.
    """

    path: str
    start: float
    end: float
    label: str
    question: str = ""
    options: tuple[str, ...] = ()
    answer: str = ""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


def event_clip(path: str, event: Event, seconds: float) -> Clip:
    """Return a clip that shows a rendered event."""
    return Clip(path, 0.0, seconds, event.label, event.question, tuple(DIRECTIONS), event.direction)


@dataclass(frozen=True, slots=True)
class VideoTask:
    """A question about a video.

    Attributes:
        id: names it in records.
        video: the file; empty for a needle that is only a list of clips.
        question: without the options.
        options: the texts to choose from; none for a free answer.
        answer: the right one of the options, or the right text.
        spans: where in the video the answer is; empty when that is not known.
        clips: what the video is made of, in order, where it was spliced.
        info: what a benchmark says besides.
    """

    id: str
    video: str
    question: str
    options: tuple[str, ...] = ()
    answer: str = ""
    spans: tuple[Span, ...] = ()
    clips: tuple[Clip, ...] = ()
    info: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Length of the spliced video."""
        return sum(clip.seconds for clip in self.clips)

    def clip_at(self, time_s: float) -> tuple[Clip, float]:
        """Return which clip is on at a time, and the time within its file."""
        begun = 0.0
        for clip in self.clips:
            if time_s < begun + clip.seconds:
                return clip, clip.start + time_s - begun
            begun += clip.seconds
        raise VideoDataError(f"{self.id} ends at {begun:.1f} s, before {time_s:.1f} s")


def letters(options: Sequence[str]) -> list[tuple[str, str]]:
    """Return the options with the letters that they are asked under."""
    return [(chr(ord("A") + number), option) for number, option in enumerate(options)]


@dataclass(frozen=True, slots=True)
class Haystacks:
    """Makes needle tasks from clips.

    Attributes:
        targets: clips to ask about.
        distractors: clips to hide them among; those with the label of the target are left out.
        clips: how many clips a video has.
        repeats: how often the target is in it at most; each time is a span.
    """

    targets: Sequence[Clip]
    distractors: Sequence[Clip]
    clips: int = 24
    repeats: int = 2

    def build(self, number: int, seed: int = 0) -> VideoTask:
        """Return a task; the same number and seed give the same one.

        Raises:
            VideoDataError: there are too few distractors of other labels.
        """
        draw = random.Random(f"{seed}/{number}")
        target = self.targets[number % len(self.targets)]
        others = [clip for clip in self.distractors if clip.label != target.label]
        repeats = draw.randint(1, self.repeats)
        wanted = self.clips - repeats
        if len(others) < wanted:
            raise VideoDataError(
                f"{wanted} distractors are needed beside {target.label!r} and there are "
                f"{len(others)}: give more clips of other labels"
            )
        order = draw.sample(others, wanted)
        # Different gaps between the others, from the last on: each time is a passage of its own.
        for gap in sorted(draw.sample(range(wanted + 1), repeats), reverse=True):
            order.insert(gap, target)
        options = list(target.options)
        draw.shuffle(options)
        return VideoTask(
            f"needle-{seed}-{number}", "", target.question, tuple(options), target.answer,
            tuple(_spans(order, target)), tuple(order), {"label": target.label},
        )  # fmt: skip


def _spans(order: Sequence[Clip], target: Clip) -> list[Span]:
    """Return where the target is."""
    spans: list[Span] = []
    now = 0.0
    for clip in order:
        if clip is target:
            spans.append(Span(now, now + clip.seconds))
        now += clip.seconds
    return spans
