"""No answer: to look at what was chosen without a model."""

from __future__ import annotations

from collections.abc import Sequence

from tracegraph.envs.video.answering.protocol import Answer
from tracegraph.envs.video.frame import Frame


class NoAnswerer:
    """Answers nothing."""

    name = "none"

    async def answer(
        self, question: str, options: Sequence[str], frames: Sequence[Frame], prompt: str
    ) -> Answer:
        """Return an empty answer."""
        return Answer("", notes={"not_asked": 1})
