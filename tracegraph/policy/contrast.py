"""Group-contrastive rewards: a step is rewarded only where it helps (GCPO of GeometryZero).

This is a reconstruction: of the paper (arXiv 2506.07160) only the description of its equations
was at hand, no code. What is known: the reward of an auxiliary construction is multiplied by +1,
0 or -1, as the samples with it are better than those without, about equal, or worse. What is
ours: which samples are compared (those of the same group), and the form of the length reward.
"""

from __future__ import annotations

import torch
from torch import Tensor


def contrast_mask(accuracy: Tensor, used: Tensor, groups: Tensor, margin: float = 0.0) -> Tensor:
    """Return +1, 0 or -1 for each completion: whether what was used helps in its group.

    Args:
        accuracy: of each completion, shape (completions,).
        used: which completions contain the auxiliary step, as booleans.
        groups: the task of each.
        margin: means that differ by no more count as equal. A group in which all or none used
            the step says nothing: 0.
    """
    signs = torch.zeros_like(accuracy)
    for task in groups.unique():
        here = groups == task
        with_it, without = accuracy[here & used], accuracy[here & ~used]
        if len(with_it) and len(without):
            apart = with_it.mean() - without.mean()
            signs[here] = torch.sign(apart) * (apart.abs() > margin)
    return signs


def length_reward(lengths: Tensor, longest: int, weight: float = 0.1) -> Tensor:
    """Return ``weight * min(length / longest, 1)``: room to think pays a little. Reconstructed."""
    return weight * (lengths / longest).clamp(max=1.0)


def group_contrastive(
    accuracy: Tensor,
    form: Tensor,
    used: Tensor,
    groups: Tensor,
    lengths: Tensor,
    *,
    longest: int,
    margin: float = 0.0,
    weight: float = 1.0,
) -> Tensor:
    """Return ``R = R_accuracy + R_format + mask * R_auxiliary + R_length``, shape (completions,).

    Args:
        accuracy: the reward of the answer.
        form: the reward of its format.
        used: which completions contain the auxiliary step; R_auxiliary is ``weight`` there.
        groups: the task of each.
        lengths: tokens of each.
        longest: the length from which on nothing is added.
        margin: as in `contrast_mask`.
        weight: of the auxiliary reward.
    """
    auxiliary = contrast_mask(accuracy, used, groups, margin) * used * weight
    return accuracy + form + auxiliary + length_reward(lengths, longest)
