"""What was wrong in an episode, in words, for optimizers of prompts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracegraph.agents.datarus.rewards.hierarchy import Hierarchy
    from tracegraph.agents.episode import Episode

_POOR = 0.5  # steps below it are named
_WORDS = {
    "bad_json": "replies were not the JSON that was asked for",
    "repeated_cell": "a cell was run again without a change",
    "reformatted": "the answer first lacked parts that the question asks for",
    "cut_off": "replies were cut off because they were too long",
    "own_observation": "the output of a cell was made up instead of waited for",
    "extra_move": "several steps were written in one reply",
    "stray_text": "there was text outside of the form",
    "missing_thought": "steps had no thought",
    "bare_fence": "code stood in a Markdown fence instead of the form",
    "shortened": "outputs were so long that older ones had to be shortened",
}


def to_feedback(episode: Episode, hierarchy: Hierarchy | None = None) -> str:
    """Return what an optimizer should know of an episode, in short sentences.

    It tells of the answer, failed cells with their errors, troubles of form, and poor steps.
    """
    said = [episode.feedback] if episode.feedback else []
    failed = [
        turn.observation["text"].strip().splitlines()[-1:]
        for turn in episode.turns
        if turn.observation is not None and turn.observation["status"] != "ok"
    ]
    if failed:
        kinds = Counter(line[0][:160] for line in failed if line)
        lines = "; ".join(f"{line} ({n} times)" if n > 1 else line for line, n in kinds.items())
        said.append(f"{len(failed)} cells failed: {lines}.")
    said += [f"In this run {text}." for kind, text in _WORDS.items() if episode.notes.get(kind)]
    if hierarchy is not None:
        said += [
            f"Step {number} was poor: {reason}"
            for number, (score, reason) in enumerate(
                zip(hierarchy.steps, hierarchy.step_feedback, strict=True), 1
            )
            if score < _POOR
        ]
        said.append(f"The whole: {hierarchy.feedback}")
    return "\n".join(said)
