"""What a group teaches, in words: its best episode against its worst, for optimizers."""

from __future__ import annotations

import json
from typing import Any

from tracegraph.agents.episode import Episode
from tracegraph.agents.groups import Group

_STEPS = 12  # of an episode that are told
_CUT = 120


def contrast(group: Group) -> str:
    """Return how the best episode of a group went, how the worst, and what was wrong with it.

    "" when all have the same reward: then nothing can be learned from comparing them.
    """
    if not group.episodes or len(set(group.rewards)) < 2:
        return ""
    ranked = sorted(zip(group.rewards, range(len(group.episodes)), strict=True))
    worst, best = group.episodes[ranked[0][1]], group.episodes[ranked[-1][1]]
    ended = worst.extra.get("course", {}).get("ended", "unknown")
    return (
        f"Task: {best.extra.get('instruction', best.task)}\n"
        f"With reward {best.reward:g} these steps were taken:\n{_steps(best)}\n"
        f"With reward {worst.reward:g} these:\n{_steps(worst)}\n"
        f"What was wrong with these: {worst.feedback or ended}"
    )


def _steps(episode: Episode) -> str:
    lines = []
    for number, turn in enumerate(episode.turns[:_STEPS], 1):
        told = "; ".join(_action(action) for action in turn.action or []) or "an unreadable answer"
        thought = _thought(turn.answer)
        lines.append(f"{number}. {told}" + (f" ({thought})" if thought else ""))
    if len(episode.turns) > _STEPS:
        lines.append(f"… and {len(episode.turns) - _STEPS} more")
    return "\n".join(lines) or "none"


def _action(action: dict[str, Any]) -> str:
    values = ", ".join(str(value) for name, value in action.items() if name != "action")
    return f"{action.get('action')}({values})"[:_CUT]


def _thought(answer: str) -> str:
    try:
        told = json.loads(answer)
    except ValueError:
        told = answer.partition("Action:")[0].removeprefix("Thought:")
    text = told.get("thought", "") if isinstance(told, dict) else str(told)
    return " ".join(str(text).split())[:_CUT]
