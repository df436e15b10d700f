"""The two systems: what reasons over the whole, and what finds things in single frames."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tracegraph.agents.omni_r1.boxes import Box
from tracegraph.envs.video.answering import Answer
from tracegraph.envs.video.answering.images import as_answer, picture_parts
from tracegraph.envs.video.audio import Audio
from tracegraph.envs.video.frame import Frame
from tracegraph.models import LLM

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Details:
    """What was found.

    Attributes:
        boxes: on each keyframe, by the frame's number.
        masks: of all that was asked for together, one a frame of the video.
        prompt_tokens, completion_tokens: of a model, if one was asked.
        notes: troubles, by kind, with their counts.
    """

    boxes: Mapping[int, Sequence[Box]]
    masks: Sequence[Mask]
    prompt_tokens: int = 0
    completion_tokens: int = 0
    notes: Mapping[str, int] = field(default_factory=dict)


class GlobalSystem(Protocol):
    """System 1: reasons over many small frames and the sound."""

    @property
    def name(self) -> str:
        """Names it in records."""

    async def think(self, prompt: str, frames: Sequence[Frame], audio: Audio | None) -> Answer:
        """Return the answer in the form that the prompt asks for."""


class DetailSystem(Protocol):
    """System 2: finds what local questions name on large frames, and follows it."""

    @property
    def name(self) -> str:
        """Names it in records."""

    async def find(self, frames: Sequence[Frame], queries: Mapping[int, str]) -> Details:
        """Return boxes on the asked frames and masks on all.

        Args:
            frames: of the whole video, large.
            queries: what to find, by the number of the frame.
        """


class Segmenter(Protocol):
    """Makes masks of the whole video from boxes on some of its frames."""

    @property
    def name(self) -> str:
        """Names it in records."""

    def follow(self, frames: Sequence[Frame], boxes: Mapping[int, Sequence[Box]]) -> list[Mask]:
        """Return one mask a frame, of all boxes together."""


class VlmGlobal:
    """A vision model as system 1.

    Args:
        llm: the model.
        hears: whether it takes sound (OpenAI's ``input_audio``).
        max_tokens: of an answer.
    """

    def __init__(self, llm: LLM, *, hears: bool = False, max_tokens: int = 1024) -> None:
        self.llm = llm
        self.hears = hears
        self.max_tokens = max_tokens

    @property
    def name(self) -> str:
        """The model."""
        return self.llm.model

    async def think(self, prompt: str, frames: Sequence[Frame], audio: Audio | None) -> Answer:
        """Ask the model."""
        content: list[dict[str, Any]] = picture_parts(frames, "low")
        if audio is not None and self.hears:
            data = base64.b64encode(audio.wav()).decode("ascii")
            content.append({"type": "input_audio", "input_audio": {"data": data, "format": "wav"}})
        content.append({"type": "text", "text": prompt})
        done = await self.llm.complete(
            [{"role": "user", "content": content}], max_tokens=self.max_tokens
        )
        return as_answer(done, (), frames, prompt)


class ScriptedGlobal:
    """Answers that are known beforehand: for tests, and to measure system 2 alone.

    Args:
        answers: by request; each is used for every prompt that holds the request.
    """

    name = "scripted"

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers

    async def think(self, prompt: str, frames: Sequence[Frame], audio: Audio | None) -> Answer:
        """Return the answer of the request that the prompt holds."""
        text = next((a for request, a in self.answers.items() if request in prompt), "")
        return Answer(text, messages=({"role": "user", "content": prompt},))


class Grounding(Protocol):
    """Finds boxes in one frame."""

    async def __call__(self, frame: Frame, query: str) -> tuple[list[Box], Answer]:
        """Return boxes in pixels of the frame, and what was answered."""


class GroundedDetails:
    """System 2 of two parts: boxes on keyframes by a model, masks by a segmenter.

    Args:
        ground: finds boxes; `VlmBoxes`, or any function of a frame and a query.
        segmenter: makes masks of them.
        name: of the model.
    """

    def __init__(self, ground: Grounding, segmenter: Segmenter, name: str) -> None:
        self.ground = ground
        self.segmenter = segmenter
        self.name = f"{name} + {segmenter.name}"

    async def find(self, frames: Sequence[Frame], queries: Mapping[int, str]) -> Details:
        """Ground each query on its frame, and follow the boxes through the video."""
        import asyncio

        asked = sorted(queries.items())
        answers = await asyncio.gather(*(self.ground(frames[n], query) for n, query in asked))
        boxes = {n: found for (n, _), (found, _) in zip(asked, answers, strict=True)}
        masks = await asyncio.to_thread(self.segmenter.follow, frames, boxes)
        notes = {"no_box": sum(not found for found in boxes.values())}
        return Details(
            boxes,
            masks,
            sum(answer.prompt_tokens for _, answer in answers),
            sum(answer.completion_tokens for _, answer in answers),
            {kind: count for kind, count in notes.items() if count},
        )


_BOXES = {
    "type": "object",
    "properties": {
        "boxes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "bbox_2d": {"type": "array", "items": {"type": "number"}, "minItems": 4,
                                "maxItems": 4},
                    "label": {"type": "string"},
                },
                "required": ["bbox_2d", "label"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["boxes"],
    "additionalProperties": False,
}  # fmt: skip


class VlmBoxes:
    """A vision model that grounds words in one frame, as boxes in JSON.

    Args:
        llm: the model.
        prompt: with places for query, width and height.
    """

    def __init__(self, llm: LLM, prompt: str) -> None:
        self.llm = llm
        self.prompt = prompt

    async def __call__(self, frame: Frame, query: str) -> tuple[list[Box], Answer]:
        """Ask for boxes; each is in pixels of its own frame and cut at its borders."""
        height, width = frame.rgb.shape[:2]
        text = self.prompt.format(query=query, width=width, height=height)
        content = [*picture_parts([frame], "high"), {"type": "text", "text": text}]
        done = await self.llm.complete(
            [{"role": "user", "content": content}], schema=_BOXES, max_tokens=400
        )
        found: list[Box] = []
        for one in (done.parsed or {}).get("boxes", []):
            left, top, right, bottom = (float(side) for side in one["bbox_2d"])
            box = (max(0.0, left), max(0.0, top), min(width, right), min(height, bottom))
            if box[0] < box[2] and box[1] < box[3]:
                found.append(box)
        return found, as_answer(done, (), [frame], text)
