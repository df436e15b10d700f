"""What answers a question about chosen frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tracegraph.envs.video.frame import Frame


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered.

    Attributes:
        text: as it came.
        choice: the option that it means, or empty when it means none, or there are no options.
        prompt_tokens, completion_tokens: as the server counted; 0 without a model.
        seconds: from question to answer.
        cost: dollars.
        messages: what was asked, in OpenAI's form, pictures left out.
        notes: troubles, by kind, with their counts.
    """

    text: str
    choice: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    messages: tuple[dict[str, Any], ...] = ()
    notes: dict[str, int] = field(default_factory=dict)


class Answerer(Protocol):
    """Answers questions about frames."""

    @property
    def name(self) -> str:
        """Names it in records and in the keys of caches."""

    async def answer(
        self, question: str, options: Sequence[str], frames: Sequence[Frame], prompt: str
    ) -> Answer:
        """Answer a question.

        Args:
            question: without options.
            options: to choose from; none for a free answer.
            frames: in the order of time.
            prompt: the question as a model should read it, options and all.
        """


_LETTER = re.compile(r"(?:^|[\s(\[*\"':])([A-Z])(?:$|[\s).\]:,*\"'])")


def chosen(text: str, options: Sequence[str]) -> str:
    """Return the option that an answer means, or an empty text.

    A letter that stands alone counts first, the last one if there are several, since reasons come
    before answers; then an option that is written out, when only one is.
    """
    found = [match for match in _LETTER.findall(text) if ord(match) - ord("A") < len(options)]
    if found:
        return options[ord(found[-1]) - ord("A")]
    lowered = text.lower()
    written = [
        option for option in options if re.search(rf"\b{re.escape(option.lower())}\b", lowered)
    ]
    return written[0] if len(written) == 1 else ""
