"""What a parser says it has read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Block = Literal["step", "stop_analysis", "reflection"]


@dataclass(frozen=True, slots=True)
class Thought:
    """What the model thinks."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A cell to run; ``tool`` is what the model called its tool."""

    text: str
    tool: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The final answer."""

    text: str


@dataclass(frozen=True, slots=True)
class End:
    """A block has ended."""

    block: Block


@dataclass(frozen=True, slots=True)
class Stray:
    """Text that stands outside of everything."""

    text: str


@dataclass(frozen=True, slots=True)
class Repair:
    """Something was not as the protocol has it, and was read all the same.

    Kinds: tag_spelling (upper case, spaces), missing_thought, unopened_thought,
    unclosed_thought, unclosed_code, unopened_code, unclosed_answer, unclosed_block,
    unopened_block, missing_action, other_tool, code_fence, bare_fence, empty_code,
    own_observation, misplaced_tag.
    """

    kind: str


Event = Thought | Code | Answer | End | Stray | Repair
