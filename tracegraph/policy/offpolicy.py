"""Samples of another policy: an older one, or the same weights in another engine.

``behaviour`` are the log-probabilities that were stored when the tokens were sampled; never ones
that were worked out again later. Where the sampler cut its distribution (top_p, top_k), stored
values have to be those of the cut one.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor


def truncated_weights(
    logps: Tensor,
    behaviour: Tensor,
    mask: Tensor,
    cap: float = 2.0,
    level: Literal["token", "sequence"] = "token",
) -> Tensor:
    """Return ``w = min(pi / mu, cap)`` without gradient: the weight of a loss.

    ``logps`` are of the policy that the weight should correct to: at the beginning of the step,
    where PPO's ratio goes on from there. The cap bounds the variance and costs bias towards the
    behaviour policy. A sequence's weight is the product over its tokens; on long ones it is
    nearly always 0 or the cap. Source: truncated importance sampling (Ionides 2008); between a
    sampler and a trainer, Yao et al., "Your efficient RL framework secretly brings you off-policy
    training" (2025).

    Returns:
        Shape (completions, tokens), or (completions, 1) for ``sequence``.
    """
    apart = (logps.detach() - behaviour) * mask
    if level == "sequence":
        apart = apart.sum(-1, keepdim=True)
    return apart.exp().clamp(max=cap)


def reinforce(
    logps: Tensor, behaviour: Tensor, advantages: Tensor, mask: Tensor, cap: float = 2.0
) -> Tensor:
    """Return the loss of each token, ``-min(pi / mu, cap) A log pi``, the weight without gradient.

    Unlike a clip it keeps a gradient for every token however far the policy has moved, which is
    what stale samples need. Source: IMPALA (arXiv 1802.01561), for the policy alone;
    as a loss of language models CISPO (arXiv 2506.13585).
    """
    return -truncated_weights(logps, behaviour, mask, cap) * advantages[:, None] * logps


def mismatch(logps: Tensor, behaviour: Tensor, mask: Tensor) -> dict[str, float]:
    """Return how far the trainer's log-probabilities are from those that the sampler stored.

    ``mean`` and ``largest`` are of absolute differences a token, ``kl`` is k3 of KL(sampler ||
    trainer). With bf16, .03 to .05 a token is rounding; much more means other weights, another
    template or another temperature.
    """
    apart = (logps.detach() - behaviour) * mask
    tokens = float(mask.sum().clamp(min=1))
    return {
        "mean": float(apart.abs().sum()) / tokens,
        "largest": float(apart.abs().max()),
        "kl": float(((apart.exp() - apart - 1) * mask).sum()) / tokens,
    }
