"""Rewards that need no model: the structure of the replies, and whether the answer is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.agents.datarus import fields

if TYPE_CHECKING:
    from tracegraph.agents.episode import Episode, Turn

# What a repair costs of a turn's point. One that leaves the meaning in doubt costs more.
_COSTS = {
    "tag_spelling": 0.1, "code_fence": 0.1, "missing_action": 0.2, "other_tool": 0.2,
    "missing_thought": 0.3, "unopened_thought": 0.3, "unclosed_thought": 0.3,
    "unclosed_code": 0.3, "unopened_code": 0.3, "unclosed_answer": 0.3,
    "unclosed_block": 0.3, "unopened_block": 0.3, "misplaced_tag": 0.3, "stray_text": 0.2,
    "extra_move": 0.5, "own_observation": 0.5, "bare_fence": 0.7, "empty_code": 1.0,
    "bad_json": 1.0, "cut_off": 0.5, "reformatted": 0.5,
}  # fmt: skip
_UNANSWERED = 0.5  # what is left of an episode without an answer


def structure(episode: Episode) -> float:
    """Return how well the replies keep to the protocol, from 0 to 1.

    The mean over the turns of 1 less what the repairs cost (`turn_structure`), halved when there
    is no answer. The reward of each turn is written into the turn as "structure".
    """
    if not episode.turns:
        return 0.0
    for turn in episode.turns:
        turn.rewards["structure"] = turn_structure(turn)
    mean = sum(turn.rewards["structure"] for turn in episode.turns) / len(episode.turns)
    return mean if episode.answer else mean * _UNANSWERED


def turn_structure(turn: Turn) -> float:
    """Return how well one reply keeps to the protocol, from 0 to 1."""
    action = turn.action or {}
    if action.get("kind") not in ("code", "answer"):
        return 0.0
    cost = sum(_COSTS.get(kind, 0.0) * min(count, 2) for kind, count in turn.notes.items())
    return max(0.0, 1.0 - cost)


def correctness(episode: Episode, answers: dict[str, str] | None = None) -> float | None:
    """Return the share of right parts of the answer, or None where nobody can tell.

    Args:
        episode: the episode; what its judge said counts.
        answers: the right values by name, for an episode that had no judge.
    """
    if answers:
        given = fields.given(episode.answer)
        from tracegraph.agents.datarus.dabench.scoring import equal

        return sum(equal(given.get(name), value) for name, value in answers.items()) / len(answers)
    return episode.reward
