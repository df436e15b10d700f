"""Weights learn from episodes: advantages, losses, replay, rewards, a trainer, bridges.

The functions are small and pure; tensors of one batch have the shape (completions, tokens), with
a mask that is 1 on the tokens that the policy sampled. Everything here needs torch.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tracegraph.errors import MissingExtraError

if find_spec("torch") is None:
    raise MissingExtraError("policy", "torch")

if TYPE_CHECKING:
    from tracegraph.policy.advantages import dr_grpo, group_moments, grpo, rloo
    from tracegraph.policy.contrast import contrast_mask, group_contrastive, length_reward
    from tracegraph.policy.curricula import cosine, linear
    from tracegraph.policy.disco import disco_objective, kl_penalty, score
    from tracegraph.policy.dynamic import fill, overlong, varied
    from tracegraph.policy.losses import aggregate, gspo_ratio, k3, ppo_clip, token_ratio
    from tracegraph.policy.offpolicy import mismatch, reinforce, truncated_weights
    from tracegraph.policy.prefix import PackedGroup, pack, packed_logprobs
    from tracegraph.policy.replay import behaviour, starved
    from tracegraph.policy.rewards import compose, weighted

__all__ = [
    "grpo", "dr_grpo", "rloo", "group_moments",
    "token_ratio", "gspo_ratio", "ppo_clip", "aggregate", "k3",
    "truncated_weights", "reinforce", "mismatch",
    "varied", "fill", "overlong",
    "starved", "behaviour",
    "score", "disco_objective", "kl_penalty",
    "contrast_mask", "group_contrastive", "length_reward",
    "cosine", "linear",
    "compose", "weighted",
    "PackedGroup", "pack", "packed_logprobs",
]  # fmt: skip

_HOMES = {
    "advantages": ("dr_grpo", "grpo", "group_moments", "rloo"),
    "contrast": ("contrast_mask", "group_contrastive", "length_reward"),
    "curricula": ("cosine", "linear"),
    "disco": ("disco_objective", "kl_penalty", "score"),
    "dynamic": ("fill", "overlong", "varied"),
    "losses": ("aggregate", "gspo_ratio", "k3", "ppo_clip", "token_ratio"),
    "offpolicy": ("mismatch", "reinforce", "truncated_weights"),
    "prefix": ("PackedGroup", "pack", "packed_logprobs"),
    "replay": ("behaviour", "starved"),
    "rewards": ("compose", "weighted"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
