"""The agent: the global system chooses moments and asks locally, the detail system finds."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import tracegraph as tg
from tracegraph.agents import Episode, OnEvent, Turn, versions
from tracegraph.agents.omni_r1.boxes import box_of
from tracegraph.agents.omni_r1.constants import Constants, preset
from tracegraph.agents.omni_r1.parse import Moment, Reading, read_leniently, read_strictly
from tracegraph.agents.omni_r1.rewards import Facts, ItemFacts, terms, total
from tracegraph.agents.omni_r1.systems import Details, DetailSystem, GlobalSystem
from tracegraph.agents.pictures import keep_frames
from tracegraph.agents.recorded import current_value, prompt_parameter, recorded
from tracegraph.envs import Score
from tracegraph.envs.video.answering import Answer
from tracegraph.envs.video.audio import Audio, read_audio
from tracegraph.envs.video.frame import Frame
from tracegraph.envs.video.metrics import mask_score, region
from tracegraph.envs.video.segments import SegmentTask, union

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

_FOUND = 0.5  # of J&F: from here on a thing counts as found, as in Pr@0.5 of referring benchmarks


class OmniR1:
    """Finds what words are about in a video.

    What an optimizer may change: ``moments`` and ``listen``, the prompts of the global system.

    Args:
        overview: system 1.
        detail: system 2.
        reader: "strict" takes the published form only, as in training; "lenient" what is meant.
        constants: of the rewards; also how many keyframes go on to system 2.
        small: pixels of the longer side for system 1.
        large: the same for system 2.
    """

    name = "omni-r1"

    def __init__(
        self,
        overview: GlobalSystem,
        detail: DetailSystem,
        *,
        reader: Literal["strict", "lenient"] = "lenient",
        constants: Constants | None = None,
        small: int = 364,
        large: int = 1024,
    ) -> None:
        self.overview = overview
        self.detail = detail
        self.reader = reader
        self.constants = constants or preset("paper")
        self.small = small
        self.large = large
        self.moments = prompt_parameter("omni_r1/moments", "Asks for moments and local questions.")
        self.listen = prompt_parameter("omni_r1/listen", "Asks what in the picture is heard.")

    async def run(
        self, task: SegmentTask, *, seed: int = 0, on_event: OnEvent | None = None
    ) -> Episode:
        """Work on one request.

        ``on_event`` is told "start", "moments" (with the reading) and "details". The score is
        J&F; each term of the reward is beside it, and their sum as "total".
        """
        tell = on_event or (lambda kind, told: None)
        episode = Episode(self.name, "video", task.id, seed=seed)
        frames = await asyncio.to_thread(task.source.frames, self.large)
        tell("start", {"task": task.id, "frames": frames})
        with recorded():
            values = {node.name: current_value(node) for node in (self.moments, self.listen)}
            episode.policy = {
                "model": self.overview.name, "detail": self.detail.name, **versions(values),
            }  # fmt: skip
            answer = await self.think(self._prompt(task), task, frames, seed)
            reading = self.read(answer.text)
            queries = self.place(reading, task, frames)
            tell("moments", {"answer": answer, "reading": reading, "queries": queries})
            episode.turns.append(_turn(answer, queries, reading))
            details = await self.find(frames, queries)
        tell("details", {"details": details})
        _add_details(episode, details)
        if kept := await keep_frames([frames[number] for number in queries]):
            episode.turns[-1].observation["frames"] = kept
        episode.answer = answer.text
        if not queries:
            episode.outcome = "format_error"
            episode.reward = None if task.truth is None else 0.0
            episode.feedback = "No moment could be read from the answer: keep to the form."
        elif task.truth is None:
            episode.outcome = "success"
        if task.truth is not None:
            truth = await asyncio.to_thread(task.truth)
            score = judge(reading, queries, frames, details, truth, self.constants)
            if queries:
                episode.judge(score, least=_FOUND)
            else:
                episode.rewards |= dict(score.parts)
        episode.finished = time.time()
        return episode

    def _prompt(self, task: SegmentTask) -> str:
        return str(self.listen.data if task.kind == "avs" else self.moments.data)

    # The stages: what an optimizer sees of an episode

    @tg.bundle
    async def think(
        self, prompt: str, task: SegmentTask, frames: Sequence[Frame], seed: int
    ) -> Answer:
        """The global system looks at all frames (small), or at the first one and the sound."""
        if task.kind == "avs":
            text = prompt.format(question=task.query)
            sound = await asyncio.to_thread(_sound, task.audio)
            return await self.overview.think(text, [smaller(frames[0], self.small)], sound)
        seconds = f"{_seconds(frames):.1f}"
        example = example_answer(_seconds(frames), seed)
        text = prompt.format(question=task.query, seconds=seconds, example=example)
        small = [smaller(frame, self.small) for frame in frames]
        sound = await asyncio.to_thread(_sound, task.audio) if task.audio else None
        return await self.overview.think(text, small, sound)

    @tg.bundle
    def read(self, answer: str) -> Reading:
        """Read moments and local questions."""
        return read_strictly(answer) if self.reader == "strict" else read_leniently(answer)

    @tg.bundle
    def place(self, reading: Reading, task: SegmentTask, frames: Sequence[Frame]) -> dict[int, str]:
        """Choose a frame for each moment; the first ones by time go on, one question each."""
        if task.kind == "avs" and reading.description:
            return {0: reading.description}
        queries: dict[int, str] = {}
        for moment in reading.moments:
            inside = frames_in(moment, frames)
            if inside:
                queries.setdefault(inside[len(inside) // 2], moment.query)
        return dict(sorted(queries.items())[: self.constants.keyframes])

    @tg.bundle
    async def find(self, frames: Sequence[Frame], queries: dict[int, str]) -> Details:
        """The detail system finds each local question on its frame, and follows it."""
        return await self.detail.find(frames, queries)


def example_answer(seconds: float, seed: int, count: int = 2) -> str:
    """Return an answer in the right form with times drawn by a seed.

    Fixed times in a prompt are copied by models; other ones each time are not.
    """
    draw = random.Random(f"example/{seed}")
    moments = []
    for number in range(count):
        start = draw.uniform(number, number + 0.8) * seconds / count
        end = min(seconds, start + draw.uniform(0.1, 0.6))
        moments.append(
            f'{{"start_time": "{_stamp(start)}", "end_time": "{_stamp(end)}", '
            '"description": "what to find in this picture"}'
        )
    return " ".join(moments)


def frames_in(moment: Moment, frames: Sequence[Frame]) -> list[int]:
    """Return the frames inside a moment; between two frames, the nearer one."""
    inside = [
        number for number, frame in enumerate(frames)
        if moment.start <= frame.ref.time_s <= moment.end
    ]  # fmt: skip
    if inside or moment.start > _seconds(frames):
        return inside
    middle = (moment.start + moment.end) / 2
    return [min(range(len(frames)), key=lambda n: abs(frames[n].ref.time_s - middle))]


def judge(
    reading: Reading,
    queries: dict[int, str],
    frames: Sequence[Frame],
    details: Details,
    truth: Sequence[Sequence[Mask]],
    constants: Constants,
) -> Score:
    """Return J&F as the value, and J, F and every term of the reward as parts."""
    together = union(truth)
    found = mask_score(details.masks, together)
    facts = facts_of(reading, frames, details, truth)
    parts = terms(facts, constants)
    summed = total(parts, constants)
    said = [f"J {found.j:.2f}, F {found.f:.2f}."]
    if not queries:
        said.append("No moment was named.")
    hidden = [n for n in queries if not together[n].any()]
    if hidden:
        times = ", ".join(f"{frames[n].ref.time_s:.1f} s" for n in hidden)
        said.append(f"What is asked for is not visible at {times}.")
    return Score(found.jf, {**parts, "J": found.j, "F": found.f, "total": summed}, " ".join(said))


def facts_of(
    reading: Reading,
    frames: Sequence[Frame],
    details: Details,
    truth: Sequence[Sequence[Mask]],
) -> Facts:
    """Return what the rewards are made of."""
    items = [
        ItemFacts(
            item.parsed,
            item.formed,
            item.moment is not None and item.moment.end <= _seconds(frames),
            tuple(frames_in(item.moment, frames)) if item.moment is not None else (),
        )
        for item in reading.items
    ]
    together = union(truth)
    true_boxes = {
        n: [box for masks in truth if (box := box_of(masks[n])) is not None] for n in details.boxes
    }
    return Facts(
        reading.form,
        items,
        [[int(mask.sum()) for mask in masks] for masks in truth],
        details.boxes,
        true_boxes,
        [region(mask, true) for mask, true in zip(details.masks, together, strict=True)],
    )


def smaller(frame: Frame, longest: int) -> Frame:
    """Return a frame whose longer side has at most so many pixels."""
    import numpy as np

    from tracegraph.envs.video.frame import load_pillow

    height, width = frame.rgb.shape[:2]
    if max(height, width) <= longest:
        return frame
    scale = longest / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    rgb = np.asarray(load_pillow().fromarray(frame.rgb).resize(size))
    return Frame(frame.ref, rgb, frame.wanted_s)


def _turn(answer: Answer, queries: dict[int, str], reading: Reading) -> Turn:
    return Turn(
        messages=list(answer.messages),
        answer=answer.text,
        action={"queries": {str(number): query for number, query in queries.items()}},
        seconds=answer.seconds,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        notes={**answer.notes, **{f"repaired_{k}": n for k, n in reading.repairs.items()}},
    )


def _add_details(episode: Episode, details: Details) -> None:
    from tracegraph.envs.video.rle import encode_rle

    episode.turns.append(
        Turn(
            action={"find": episode.turns[-1].action["queries"]},
            observation={"boxes": {str(n): [list(b) for b in f] for n, f in details.boxes.items()}},
            prompt_tokens=details.prompt_tokens,
            completion_tokens=details.completion_tokens,
            notes=dict(details.notes),
        )
    )
    episode.extra["masks"] = [encode_rle(mask) for mask in details.masks]


def _sound(path: str) -> Audio | None:
    return read_audio(path) if path else None


def _seconds(frames: Sequence[Frame]) -> float:
    """Return the length as far as frames tell: one distance after the last."""
    times = [frame.ref.time_s for frame in frames]
    step = times[-1] - times[-2] if len(times) > 1 else 1.0
    return times[-1] + step


def _stamp(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
