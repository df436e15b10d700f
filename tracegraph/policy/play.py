"""What trainers share: an episode that asks for tokens, and the one row it becomes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tracegraph.agents import Episode, Turn
from tracegraph.errors import TracegraphError
from tracegraph.rollout import Sequence as Tokens
from tracegraph.rollout import sequences

# Given the ids of a prompt, returns a turn with the ids that were sampled and their log-probs.
Ask = Callable[[Sequence[int]], Awaitable[Turn]]
# Runs one episode of a task by asking; gives it a reward.
Play = Callable[[Any, Ask], Awaitable[Episode]]


def one_sequence(episode: Episode) -> Tokens:
    """Return the one token sequence of an episode.

    Raises:
        TracegraphError: the history was written anew in the middle, so there are several, or
            nothing was sampled. These trainers take one row an episode.
    """
    found = sequences(episode)
    if len(found) != 1:
        raise TracegraphError(
            f"the episode of {episode.task} has {len(found)} token sequences, and this trainer "
            "takes one: let each prompt begin with the whole history before it"
        )
    return found[0]
