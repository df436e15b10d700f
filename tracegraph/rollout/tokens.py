"""Episodes as tokens: what a policy is trained on. Nothing is tokenised here, or ever again.

Each turn holds the ids that the server read and the ids that it sampled. If the prompt of a turn
begins with everything up to the turn before, the turns are one sequence, and what lies between is
the environment's. Where a prompt says something else (the server wrote the history anew, an agent
cut it), a new sequence begins: joining them would train on tokens that nobody sampled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracegraph.agents import Episode, Turn
from tracegraph.errors import TracegraphError


@dataclass(slots=True)
class Sequence:
    """A prompt and what followed.

    Attributes:
        prompt: ids before the first sampled one.
        ids: all ids after it.
        mask: 1 where an id was sampled, 0 where it came from the environment.
        logprobs: as sampled; 0.0 where the mask is 0.
        turns: answers in it.
    """

    prompt: list[int]
    ids: list[int] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    turns: int = 0


def sequences(episode: Episode) -> list[Sequence]:
    """Return an episode's turns as token sequences: one, if the history only grew.

    Raises:
        TracegraphError: a turn has no ids or log-probabilities; ask the model with
            ``logprobs=True``, of a server that tells them.
    """
    made: list[Sequence] = []
    for number, turn in enumerate(episode.turns):
        prompt, ids, logprobs = _told(episode, number, turn)
        if not ids:
            continue
        current = made[-1] if made else None
        whole = [] if current is None else current.prompt + current.ids
        if current is None or prompt[: len(whole)] != whole:
            current = Sequence(prompt)
            made.append(current)
        else:
            between = prompt[len(whole) :]
            current.ids += between
            current.mask += [0] * len(between)
            current.logprobs += [0.0] * len(between)
        current.ids += ids
        current.mask += [1] * len(ids)
        current.logprobs += logprobs
        current.turns += 1
    return made


def _told(episode: Episode, number: int, turn: Turn) -> tuple[list[int], list[int], list[float]]:
    if turn.prompt_token_ids is None or turn.token_ids is None or turn.logprobs is None:
        raise TracegraphError(
            f"turn {number} of {episode.task} has no token ids or log-probabilities: ask the "
            "model with logprobs=True (vLLM and the embedded server tell them)"
        )
    if len(turn.token_ids) != len(turn.logprobs):
        raise TracegraphError(
            f"turn {number} of {episode.task} has {len(turn.token_ids)} ids and "
            f"{len(turn.logprobs)} log-probabilities"
        )
    return turn.prompt_token_ids, turn.token_ids, turn.logprobs
