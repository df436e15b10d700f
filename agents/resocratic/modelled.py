"""Programs that the model writes itself, in place of those from formal lines."""

from __future__ import annotations

import re

import tracegraph as tg
from tracegraph.agents.resocratic.calls import Calls
from tracegraph.agents.resocratic.demonstration import Demonstration

_FENCE = re.compile(r"```(?:python)?\n(.*?)(?:```|\Z)", re.DOTALL)


@tg.bundle
async def model_program(prompt: str, calls: Calls, demonstration: Demonstration) -> str:
    """Ask for the program of a demonstration."""
    answer: str = await calls.ask("program", prompt, str(demonstration), max_tokens=900)
    found = _FENCE.search(answer)
    return (found[1] if found else answer).strip() + "\n"
