"""What was done so far, in as many words as a budget allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tracegraph.agents.gui.brain import Moment

_SIGNS_A_TOKEN = 3.5  # of English with names of files in it


def estimate(text: str) -> int:
    """Return about how many tokens a text has."""
    return int(len(text) / _SIGNS_A_TOKEN) + 1


def recall(
    past: Sequence[Moment], *, tokens: int = 600, count: Callable[[str], int] = estimate
) -> str:
    """Return the past steps, one a line, the newest for certain.

    Args:
        past: all steps, the oldest first.
        tokens: what the text may have; the oldest steps are left out, and their number told.
        count: the tokens of a text.
    """
    lines: list[str] = []
    left = tokens
    for number in range(len(past), 0, -1):
        moment = past[number - 1]
        line = f"{number}. {moment.decision.said or moment.decision.problem}"
        if moment.told:
            line += f" -> {moment.told}"
        left -= count(line)
        if left < 0 and lines:
            lines.append(f"({number} earlier steps)")
            break
        lines.append(line)
    return "\n".join(reversed(lines)) or "(none)"
