"""An instruction in parts: what a small model can write when a whole prompt is too much for it.

Asked to rewrite a prompt, a model of 1.5 billion parameters mostly rephrases it, or describes what
a better one should do. Asked for the task, some rules and the allowed answers, it says them. The
places to fill stay where they are.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, Field

from tracegraph.optimizers.placeholders import placeholders

_LONG, _STEP, _ANSWER = 250, 160, 200  # characters: the decoder stops there, mid-word
_INSTRUCTS = re.compile(r"prompt|instruct", re.IGNORECASE)


class Parts(BaseModel):
    """The answer."""

    mistake: str = Field(max_length=_LONG)
    task: str = Field(max_length=_LONG)
    steps: list[Annotated[str, Field(max_length=_STEP)]] = Field(max_length=3)
    answer: str = Field(max_length=_ANSWER)


def is_instruction(name: str, description: str, value: str) -> bool:
    """Whether a text looks like one that a language model follows."""
    return bool(placeholders(value) or _INSTRUCTS.search(f"{name} {description}"))


def assembled(current: str, parts: Parts) -> str:
    """Return the instruction that the parts make; the lines with places to fill come last."""
    steps = [f"- {step}" for each in parts.steps if (step := _plain(each, _STEP))]
    said = [_plain(parts.task, _LONG), *steps, _plain(parts.answer, _ANSWER)]
    places = [line for line in current.splitlines() if placeholders(line)]
    return "\n".join([*filter(None, said), *([""] if places else []), *places])


def _plain(text: str, limit: int) -> str:
    """Return a part as one line; nothing of a sentence that the decoder had to break off.

    Without braces: in a text with places to fill they would be places.
    """
    line = " ".join(text.replace("{", "(").replace("}", ")").split())
    if len(text) < limit or line.endswith((".", "!", "?")):
        return line
    whole, stop, _ = line.rpartition(". ")
    return whole + stop.strip()
