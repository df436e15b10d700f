"""Ask a vision model with chosen frames as pictures, each after its time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracegraph.envs.video.answering.protocol import Answer, chosen
from tracegraph.envs.video.frame import Frame
from tracegraph.models import LLM, Completion, image


class ImageAnswerer:
    """A vision model behind any OpenAI-style endpoint.

    Each frame goes as a text with its time, such as "<12.4 seconds>", and a picture: what every
    server understands, with times that are exact.

    Args:
        llm: the model.
        detail: OpenAI's `low`, `high` or `auto`.
        max_tokens: of an answer.
    """

    def __init__(self, llm: LLM, *, detail: str | None = None, max_tokens: int = 64) -> None:
        self.llm = llm
        self.detail = detail
        self.max_tokens = max_tokens

    @property
    def name(self) -> str:
        """The model and how frames are sent."""
        return f"{self.llm.model} images"

    async def answer(
        self, question: str, options: Sequence[str], frames: Sequence[Frame], prompt: str
    ) -> Answer:
        """Ask the model."""
        content = [*picture_parts(frames, self.detail), {"type": "text", "text": prompt}]
        done = await self.llm.complete(
            [{"role": "user", "content": content}], max_tokens=self.max_tokens
        )
        return as_answer(done, options, frames, prompt)


def picture_parts(frames: Sequence[Frame], detail: str | None = None) -> list[dict[str, Any]]:
    """Return message parts for frames: time and picture in turn."""
    parts: list[dict[str, Any]] = []
    for frame in frames:
        parts.append({"type": "text", "text": f"<{frame.ref.time_s:.1f} seconds>"})
        parts.append(image(frame.jpeg(), detail=detail))
    return parts


def as_answer(
    done: Completion[Any], options: Sequence[str], frames: Sequence[Frame], prompt: str
) -> Answer:
    """Return what a completion says; its record names frames by their hashes."""
    seen = [{"time_s": f.ref.time_s, "blob": f.hash[:16]} for f in frames]
    return Answer(
        done.text,
        chosen(done.text, options),
        done.usage.prompt_tokens,
        done.usage.completion_tokens,
        done.latency,
        done.cost,
        ({"role": "user", "content": prompt, "frames": seen},),
        {"no_choice": 1} if options and not chosen(done.text, options) else {},
    )
