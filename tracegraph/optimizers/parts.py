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

_INSTRUCTS = re.compile(r"prompt|instruct", re.IGNORECASE)


class Parts(BaseModel):
    """The answer."""

    mistake: str = Field(max_length=250)
    task: str = Field(max_length=250)
    steps: list[Annotated[str, Field(max_length=160)]] = Field(max_length=3)
    answer: str = Field(max_length=200)


def is_instruction(name: str, description: str, value: str) -> bool:
    """Whether a text looks like one that a language model follows."""
    return bool(placeholders(value) or _INSTRUCTS.search(f"{name} {description}"))


def assembled(current: str, parts: Parts) -> str:
    """Return the instruction that the parts make; the lines with places to fill come last."""
    steps = [f"- {_plain(step)}" for step in parts.steps if step.strip()]
    said = [_plain(parts.task), *steps, _plain(parts.answer)]
    places = [line for line in current.splitlines() if placeholders(line)]
    return "\n".join([*filter(None, said), *([""] if places else []), *places])


def _plain(text: str) -> str:
    """Return a part as one line without braces: in a text with places they would be places."""
    return " ".join(text.replace("{", "(").replace("}", ")").split())
