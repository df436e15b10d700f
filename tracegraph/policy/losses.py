"""Losses of policy gradients; ratios, clipping, and how tokens are averaged.

``logps`` and ``old`` are log-probabilities of the sampled tokens, shape (completions, tokens):
under the policy that learns, and under the one that the step began with. ``advantages`` has the
shape (completions,) or (completions, tokens).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Aggregation = Literal["token", "sequence", "constant"]


def token_ratio(logps: Tensor, old: Tensor) -> Tensor:
    """Return ``rho_t = exp(logp_t - old_t)``, shape (completions, tokens)."""
    return (logps - old).exp()


def gspo_ratio(logps: Tensor, old: Tensor, mask: Tensor) -> Tensor:
    """Return ``s = exp(mean_t (logp_t - old_t))``, one ratio a completion: shape (completions, 1).

    Source: GSPO (arXiv 2507.18071), equation 7.
    """
    apart = ((logps - old) * mask).sum(-1, keepdim=True)
    return (apart / mask.sum(-1, keepdim=True).clamp(min=1)).exp()


def ppo_clip(
    ratio: Tensor,
    advantages: Tensor,
    low: float = 0.2,
    high: float = 0.2,
    dual: float | None = None,
) -> Tensor:
    """Return the clipped loss of each token, ``-min(rho A, clip(rho, 1 - low, 1 + high) A)``.

    Args:
        ratio: shape (completions, tokens), or (completions, 1) of whole sequences.
        advantages: what each completion is worth.
        low: how far the ratio may fall.
        high: how far it may rise; more than ``low`` keeps rare tokens alive ("clip-higher", DAPO,
            arXiv 2503.14476, section 3.1, with 0.28).
        dual: above 1; where A < 0 the loss of a token is at most ``-dual A``, so that one token
            whose ratio exploded cannot rule the step (dual clip, arXiv 1912.09729).
    """
    worth = _by_token(advantages, ratio)
    clipped = ratio.clamp(1 - low, 1 + high)
    objective = torch.minimum(ratio * worth, clipped * worth)
    if dual is not None:
        bounded = torch.maximum(objective, dual * worth)
        objective = torch.where(worth < 0, bounded, objective)
    return -objective


def clip_fraction(
    ratio: Tensor, advantages: Tensor, mask: Tensor, low: float = 0.2, high: float = 0.2
) -> Tensor:
    """Return the share of tokens whose gradient the clip removed."""
    worth = _by_token(advantages, ratio)
    cut = ((ratio > 1 + high) & (worth > 0)) | ((ratio < 1 - low) & (worth < 0))
    return (cut * mask).sum() / mask.sum().clamp(min=1)


def k3(logps: Tensor, reference: Tensor) -> Tensor:
    """Return ``exp(d) - d - 1``, d = reference - logp: an estimate of KL(policy || reference).

    It is never negative, and unbiased under samples of the policy. Source: Schulman,
    "Approximating KL divergence" (2020), estimator k3; as in DeepSeekMath, equation 4.
    """
    apart = reference - logps
    return apart.exp() - apart - 1


def aggregate(
    losses: Tensor,
    mask: Tensor,
    how: Aggregation = "token",
    *,
    length: int | None = None,
    total: float | None = None,
) -> Tensor:
    """Return one loss for a batch, or a share of it.

    - token (DAPO, arXiv 2503.14476, equation 12): the sum over all tokens / all tokens;
    - sequence (GRPO, arXiv 2402.03300, equation 3): the mean over completions of their mean;
    - constant (Dr. GRPO, arXiv 2503.20783, section 3.2): the sum / (completions * ``length``), so
      that a long answer is not excused by its length.

    Args:
        losses: of each token.
        mask: 1 on the tokens that count.
        how: which of the three.
        length: the longest possible completion; for ``constant``.
        total: what the whole batch divides by, when this is one micro-batch of it: tokens for
            ``token``, completions for the others. The losses of the parts then add up exactly to
            that of the whole, however it was cut.
    """
    masked = losses * mask
    if how == "token":
        return masked.sum() / (total or mask.sum().clamp(min=1))
    many = total or len(losses)
    if how == "sequence":
        return (masked.sum(-1) / mask.sum(-1).clamp(min=1)).sum() / many
    if length is None:
        raise ValueError("aggregate(how='constant') needs the length of the longest completion")
    return masked.sum() / (many * length)


def _by_token(advantages: Tensor, ratio: Tensor) -> Tensor:
    return advantages[:, None] if advantages.dim() < ratio.dim() else advantages
