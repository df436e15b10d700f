"""The policy over sets of frames: draws, and log-probabilities by three laws."""

from __future__ import annotations

import torch
from torch import Tensor

from tracegraph.agents.tspo.laws import LogProb


def gumbel_topk(logits: Tensor, k: int, generator: torch.Generator | None = None) -> Tensor:
    """Return (…, k) indices drawn without replacement, in the order of the draw.

    Gumbel noise on the logits and the k largest: an exact draw from Plackett-Luce.
    """
    uniform = torch.rand(logits.shape, generator=generator).clamp_(1e-9, 1 - 1e-7)
    noise = -torch.log(-torch.log(uniform))
    return (logits + noise.to(logits)).topk(k, dim=-1).indices


def log_prob(logits: Tensor, picked: Tensor, law: LogProb) -> Tensor:
    """Return the log-probability of picked frames.

    Args:
        logits: (…, T), scores divided by the temperature.
        picked: (…, k) indices in the order of the draw.
        law: see `LogProb`.
    """
    if law == "plackett_luce":
        return _plackett_luce(logits, picked)
    marginal = logits.log_softmax(dim=-1).gather(-1, picked)
    return marginal.mean(-1) if law == "mean_softmax" else marginal.sum(-1)


def _plackett_luce(logits: Tensor, picked: Tensor) -> Tensor:
    chosen = logits.gather(-1, picked)
    rest = logits.scatter(-1, picked, -torch.inf).logsumexp(-1, keepdim=True)
    # What is left before each pick: the rest, and the picks from this one on.
    later = chosen.flip(-1).logcumsumexp(-1).flip(-1)
    return (chosen - torch.logaddexp(rest.expand_as(later), later)).sum(-1)


def advantages(rewards: Tensor, eps: float = 1e-4) -> tuple[Tensor, Tensor]:
    """Return (r - mean) / (std + eps) within groups, and which groups have no variance.

    Args:
        rewards: (…, G), one group a row.
        eps: as released.
    """
    spread = rewards.std(dim=-1, keepdim=True)
    flat = rewards.amax(-1) - rewards.amin(-1) < 1e-9
    return (rewards - rewards.mean(dim=-1, keepdim=True)) / (spread + eps), flat
