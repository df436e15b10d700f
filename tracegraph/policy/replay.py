"""Replay of earlier successes where a group has none: the part that concerns tensors.

ARPO keeps successes of a task and, when a group fails altogether, puts one in the place of its
first sample, so that there is something to learn from. Its log-probabilities are then worked out
again with the policy of today, which makes every ratio 1: as if today's policy had sampled it.
With the stored ones the ratio is right. Neither removes the selection: only successes are kept.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tracegraph.policy.advantages import group_moments


def starved(
    rewards: Tensor, groups: Tensor, deviation: float = 0.05, mean: float = 0.2
) -> dict[int, int]:
    """Return the first sample of each group that a stored success should replace, by group.

    These are the groups whose deviation and mean are both below the bounds. Source: ARPO
    (arXiv 2505.16282), with the bounds of its published code.
    """
    found = group_moments(rewards, groups)
    poor = (found.deviation < deviation) & (found.mean < mean)
    first: dict[int, int] = {}
    for place in poor.nonzero().flatten().tolist():
        first.setdefault(int(groups[place]), place)
    return first


def behaviour(stored: Tensor, current: Tensor, replayed: Tensor, *, corrected: bool) -> Tensor:
    """Return the old log-probabilities that ratios are taken against.

    Args:
        stored: as sampled, shape (completions, tokens); of replayed rows by an older policy.
        current: of the policy at the beginning of the step.
        replayed: which completions came from the replay buffer, as booleans.
        corrected: use what was stored also there, to be used with
            `tracegraph.policy.offpolicy.reinforce` (a clip on stale samples removes most
            of their gradient). False is ARPO's own way: a ratio of 1.
    """
    if corrected:
        return stored
    return torch.where(replayed[:, None], current.detach(), stored)
