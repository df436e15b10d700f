"""Questions about a whole video: what they ask needs several moments of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tracegraph.envs.video.clock import Span
from tracegraph.envs.video.errors import VideoDataError
from tracegraph.envs.video.needle import Clip, VideoTask

COUNT = "How many times does the {} come up?"
FIRST = "Which comes up first, the {} or the {}?"
_COUNTS = ("1", "2", "3", "4")


@dataclass(frozen=True, slots=True)
class Overviews:
    """Makes questions of how often something comes up, and of what comes up first.

    Attributes:
        targets: clips of what is asked about.
        distractors: clips of the rest; those with labels that are asked about are left out.
        clips: how many clips a video has.
    """

    targets: Sequence[Clip]
    distractors: Sequence[Clip]
    clips: int = 24

    def build(self, number: int, seed: int = 0) -> VideoTask:
        """Return a task; the same number and seed give the same one, and the kinds take turns.

        Raises:
            VideoDataError: there are too few clips or labels.
        """
        draw = random.Random(f"{seed}/overview/{number}")
        labels = sorted({clip.label for clip in self.targets})
        if len(labels) < 2:
            raise VideoDataError("clips of two labels are needed to ask which comes first")
        if number % 2:
            asked = draw.sample(labels, 2)
            shown = [draw.choice([c for c in self.targets if c.label == one]) for one in asked]
            draw.shuffle(shown)
            question, answer = FIRST.format(*asked), shown[0].label
            options = list(asked)
        else:
            asked = [draw.choice(labels)]
            pool = [clip for clip in self.targets if clip.label == asked[0]]
            shown = [draw.choice(pool) for _ in range(draw.randint(1, len(_COUNTS)))]
            question, answer = COUNT.format(asked[0]), str(len(shown))
            options = list(_COUNTS)
        others = [clip for clip in self.distractors if clip.label not in asked]
        wanted = self.clips - len(shown)
        if len(others) < wanted or wanted < len(shown):
            raise VideoDataError(
                f"{wanted} clips are needed beside {' and '.join(asked)} and there are "
                f"{len(others)}: give more clips of other labels, or make longer videos"
            )
        order = draw.sample(others, wanted)
        # Different gaps, from the last on: something else lies between two times.
        gaps = sorted(draw.sample(range(wanted + 1), len(shown)), reverse=True)
        for gap, clip in zip(gaps, reversed(shown), strict=True):
            order.insert(gap, clip)
        spans: list[Span] = []
        now = 0.0
        for clip in order:
            if clip.label in asked:
                spans.append(Span(now, now + clip.seconds))
            now += clip.seconds
        return VideoTask(
            f"overview-{seed}-{number}", "", question, tuple(options), answer, tuple(spans),
            tuple(order), {"label": asked[0]},
        )  # fmt: skip
