"""Needle questions for training: features and sightings of clips, decoded once, joined at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tracegraph.agents.tspo.rewards import DataKind
from tracegraph.agents.tspo.selectors.rules import uniform
from tracegraph.envs.video import Clip, FeatureCache, Haystacks, Video, VideoTask, content_hash
from tracegraph.envs.video.answering.detecting import Sighting, answer_from, sightings
from tracegraph.envs.video.clock import within
from tracegraph.envs.video.events import split_labels
from tracegraph.envs.video.overview import Overviews
from tracegraph.envs.video.reader import VERSION
from tracegraph.envs.video.synthetic import render_clips

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tracegraph.agents.tspo.encoders.base import Encoder, Vectors

# TSPO keeps comprehensive questions that few uniform frames do not answer, and many do.
_FEW, _MANY, _TRIES = 4, 64, 20


@dataclass(frozen=True, slots=True)
class Question:
    """A task, ready for a head.

    Attributes:
        task: the question and where the answer is.
        frames: (n, dim) features, a second apart.
        text: (dim,) of the question.
        inside: (n,) whether a frame is in the target.
        seen: what the detector sees in each frame.
        kind: of the rewards.
    """

    task: VideoTask
    frames: Vectors
    text: Vectors
    inside: npt.NDArray[np.bool_]
    seen: tuple[tuple[Sighting, ...], ...]
    kind: DataKind = "needle"

    def answer(self, indices: Sequence[int]) -> tuple[str, bool]:
        """Return what the detector answers from some frames, and whether it saw or guessed."""
        found = [one for index in indices for one in self.seen[index]]
        return answer_from(self.task.question, self.task.options, found)


@dataclass(frozen=True, slots=True)
class ClipLooks:
    """A clip, decoded and encoded once: features and sightings, a second apart."""

    frames: Vectors
    seen: tuple[tuple[tuple[str, float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class NeedleSet:
    """Questions over clips, made as they are asked for.

    Attributes:
        haystacks: makes tasks: needles, or questions about whole videos.
        looks: of every clip, by path.
        encoder: of the questions.
        seed: of the tasks.
    """

    haystacks: Haystacks | Overviews
    looks: dict[str, ClipLooks]
    encoder: Encoder
    seed: int

    def question(self, number: int) -> Question:
        """Return a question; the same number gives the same one."""
        if isinstance(self.haystacks, Haystacks):
            return self._ready(self.haystacks.build(number, self.seed), "needle")
        for attempt in range(_TRIES):
            # An even distance keeps the kind of question that the number stands for.
            task = self.haystacks.build(number + attempt * 1_000_000, self.seed)
            question = self._ready(task, "comprehensive")
            few, many = (
                question.answer(uniform(len(question.frames), count))[0] == task.answer
                for count in (_FEW, _MANY)
            )
            if many and not few:
                break
        return question

    def _ready(self, task: VideoTask, kind: DataKind) -> Question:
        import numpy as np

        frames, inside, seen = [], [], []
        now = 0.0
        for clip in task.clips:
            looks = self.looks[clip.path]
            frames.append(looks.frames)
            inside += [within(now + place, task.spans) for place in range(len(looks.frames))]
            for place, found in enumerate(looks.seen):
                seen.append(tuple((now + place, label, x, y) for label, x, y in found))
            now += clip.seconds
        return Question(
            task,
            np.concatenate(frames),
            self.encoder.encode_text(task.question),
            np.array(inside),
            tuple(seen),
            kind,
        )


@dataclass(frozen=True, slots=True)
class Splits:
    """What is trained on, and what is only measured.

    Attributes:
        train: clips and labels of training.
        clips: other clips, of labels that training asked about.
        events: other clips, of labels that training never asked about.
        whole: questions about whole videos, over the clips of training.
        overview: the same over other clips.
    """

    train: NeedleSet
    clips: NeedleSet
    events: NeedleSet
    whole: NeedleSet
    overview: NeedleSet


def synthetic_splits(
    folder: Path,
    encoder: Encoder,
    *,
    each: int = 12,
    held_out: int = 6,
    clips: int = 24,
    repeats: int = 2,
    seed: int = 0,
) -> Splits:
    """Render clips, decode and encode them, and return the splits.

    Args:
        folder: for clips and features; what is there is used again.
        encoder: of frames and questions.
        each: clips a label; a quarter of them is never trained on.
        held_out: labels that are never asked about in training.
        clips: clips a video.
        repeats: how often the target is in it at most.
        seed: of the split and the tasks.
    """
    asked, kept = split_labels(held_out, seed)
    test = max(4, each // 4)
    rendered = render_clips(folder / "clips", asked + kept, each=each + test)
    cache = FeatureCache(folder / "features")
    looks = {clip.path: _look(clip, encoder, cache) for clip in rendered}
    train, other = _take(rendered, each, test)

    def made(pool: list[Clip], labels: Sequence[str], number: int) -> NeedleSet:
        targets = [clip for clip in pool if clip.label in labels]
        # Labels take turns, so that a few questions ask about many of them.
        targets.sort(key=lambda clip: (_number(clip), clip.label))
        return NeedleSet(
            Haystacks(targets, pool, clips, repeats), looks, encoder, seed * 3 + number
        )

    def whole(pool: list[Clip], number: int) -> NeedleSet:
        targets = [clip for clip in pool if clip.label in asked]
        return NeedleSet(Overviews(targets, pool, clips), looks, encoder, seed * 3 + number)

    return Splits(
        made(train, asked, 0), made(other, asked, 1), made(other, kept, 2),
        whole(train, 0), whole(other, 1),
    )  # fmt: skip


def _take(rendered: Sequence[Clip], each: int, test: int) -> tuple[list[Clip], list[Clip]]:
    train: list[Clip] = []
    other: list[Clip] = []
    for start in range(0, len(rendered), each + test):
        train += rendered[start : start + each]
        other += rendered[start + each : start + each + test]
    return train, other


def _number(clip: Clip) -> int:
    return int(Path(clip.path).stem.rpartition("-")[2])


def _look(clip: Clip, encoder: Encoder, cache: FeatureCache) -> ClipLooks:
    import numpy as np

    def make() -> dict[str, npt.NDArray[np.generic]]:
        video = Video(clip.path)
        frames = list(video.frames(video.every(1.0)))
        found = [
            (number, label, x, y)
            for number, frame in enumerate(frames)
            for _, label, x, y in sightings(frame)
        ]
        return {
            "frames": encoder.encode_frames([frame.rgb for frame in frames]),
            "labels": np.array([label for _, label, _, _ in found], dtype="U24"),
            "places": np.array([(n, x, y) for n, _, x, y in found]).reshape(-1, 3),
        }

    key = [content_hash(clip.path), f"reader {VERSION}", encoder.id, "looks 1"]
    arrays = cache.through(key, make)
    frames = arrays["frames"].astype(np.float32)
    seen: list[list[tuple[str, float, float]]] = [[] for _ in range(len(frames))]
    for label, (number, x, y) in zip(arrays["labels"], arrays["places"], strict=True):
        seen[int(number)].append((str(label), float(x), float(y)))
    return ClipLooks(frames, tuple(map(tuple, seen)))
