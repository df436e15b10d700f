"""Advantages from groups: several samples of one task, compared with each other.

``rewards`` has the shape (completions,), ``groups`` names the group of each by any integer; the
groups may differ in size and come in any order. A group of one has nothing to be compared with:
its advantage is 0. ``r̄`` is the mean of a group, ``n`` its size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# What keeps the division of a group without variance finite; the value of TRL.
_EPSILON = 1e-4


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean, deviation (n - 1 in the denominator) and size of each completion's group."""

    mean: Tensor
    deviation: Tensor
    size: Tensor


def group_moments(rewards: Tensor, groups: Tensor) -> Moments:
    """Return the moments of the group of each completion, each of shape (completions,)."""
    names, place = groups.unique(return_inverse=True)
    zeros = rewards.new_zeros(len(names))
    size = zeros.index_add(0, place, torch.ones_like(rewards))
    mean = zeros.index_add(0, place, rewards) / size
    apart = rewards - mean[place]
    squares = zeros.index_add(0, place, apart * apart)
    deviation = (squares / (size - 1).clamp(min=1)).sqrt()
    return Moments(mean[place], deviation[place], size[place])


def grpo(rewards: Tensor, groups: Tensor, epsilon: float = _EPSILON) -> Tensor:
    """Return ``A = (r - r̄) / (s + epsilon)``, s being the deviation of the group.

    Source: DeepSeekMath (arXiv 2402.03300), section 4.1.2.
    """
    found = group_moments(rewards, groups)
    return (rewards - found.mean) / (found.deviation + epsilon)


def dr_grpo(rewards: Tensor, groups: Tensor) -> Tensor:
    """Return ``A = r - r̄``: easy and hard tasks are not weighted up by a small deviation.

    Source: Understanding R1-Zero-like training (arXiv 2503.20783), section 3.2.
    """
    return rewards - group_moments(rewards, groups).mean


def rloo(rewards: Tensor, groups: Tensor) -> Tensor:
    """Return ``A_i = r_i - mean of the others = n / (n - 1) (r_i - r̄)``.

    Source: Back to basics (arXiv 2402.14740).
    """
    found = group_moments(rewards, groups)
    return (rewards - found.mean) * found.size / (found.size - 1).clamp(min=1)
