"""What was done so far, in as many words as a budget allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tracegraph.agents.gui.brain import Moment
from tracegraph.envs.desktop.actions import Wait
from tracegraph.envs.desktop.protocol import Frame

_SIGNS_A_TOKEN = 3.5  # of English with names of files in it


def estimate(text: str) -> int:
    """Return about how many tokens a text has."""
    return int(len(text) / _SIGNS_A_TOKEN) + 1


def recall(
    past: Sequence[Moment],
    now: Frame | None = None,
    *,
    tokens: int = 600,
    count: Callable[[str], int] = estimate,
) -> str:
    """Return the past steps, one a line, the newest for certain.

    Args:
        past: all steps, the oldest first.
        now: the screen after the last one; None where it was not looked at.
        tokens: what the text may have; the oldest steps are left out, and their number told.
        count: the tokens of a text.
    """
    lines: list[str] = []
    left = tokens
    for number in range(len(past), 0, -1):
        moment = past[number - 1]
        line = f"{number}. {moment.decision.said or moment.decision.problem}"
        after = past[number].frame if number < len(past) else now
        if effect := moment.told or (after and moment.decision.actions and change(moment, after)):
            line += f" -> {effect}"
        left -= count(line)
        if left < 0 and lines:
            lines.append(f"({number} earlier steps)")
            break
        lines.append(line)
    return "\n".join(reversed(lines)) or "(none)"


def change(moment: Moment, after: Frame) -> str:
    """Return what a step changed: windows that came or went, or that nothing did; "" for else."""
    before = moment.frame
    if before.png == after.png:
        waited = any(isinstance(action, Wait) for action in moment.decision.actions)
        return "" if waited else "nothing changed on the screen"
    old, new = _titles(before), _titles(after)
    came = [f'now there is the window "{title}"' for title in new if title not in old]
    went = [f'the window "{title}" is gone' for title in old if title not in new]
    return "; ".join([*came, *went][:2])


def repeated(past: Sequence[Moment]) -> int:
    """Return how often the last step was done in a row; 0 without steps."""
    said = [moment.decision.said for moment in past if moment.decision.actions]
    same = 0
    while same < len(said) and said[-1 - same] == said[-1]:
        same += 1
    return same


def _titles(frame: Frame) -> list[str]:
    apps = frame.tree.children if frame.tree else ()
    return [one.name for app in apps for one in app.children if one.name]
