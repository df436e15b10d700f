"""One update: the loss of a batch of groups, its gradient, and what is worth knowing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tracegraph.policy import advantages as kinds
from tracegraph.policy.losses import aggregate, clip_fraction, gspo_ratio, ppo_clip, token_ratio
from tracegraph.policy.offpolicy import mismatch, truncated_weights
from tracegraph.policy.prefix import chosen, pack, packed_logits
from tracegraph.policy.replay import behaviour
from tracegraph.policy.trainer.sample import Sample
from tracegraph.policy.trainer.settings import Settings


@dataclass(frozen=True, slots=True)
class Group:
    """A prompt and what was sampled from it."""

    prompt: tuple[int, ...]
    samples: tuple[Sample, ...]


def judged(groups: Sequence[Group], settings: Settings) -> list[Tensor]:
    """Return the advantages of each group's samples."""
    rewards = torch.tensor([s.reward for group in groups for s in group.samples])
    owner = torch.tensor([i for i, group in enumerate(groups) for _ in group.samples])
    worth = getattr(kinds, settings.advantage)(rewards, owner)
    return list(worth.split([len(group.samples) for group in groups]))


def update(
    model: Any, optimizer: Any, groups: Sequence[Group], settings: Settings, rate: float
) -> dict[str, float]:
    """Change the weights by one batch, ``settings.epochs`` times; return what was measured.

    Gradients are accumulated group by group, each in one packed row; the sums are the same as
    those of the whole batch at once. Groups without variance teach nothing and are passed over.

    The ratio of PPO is against the weights at the beginning of the step; the weight from the
    sampler's stored log-probabilities to those is a truncated importance weight beside it. That
    corrects replayed samples too, unless replay is to be as ARPO published it.
    """
    worth = judged(groups, settings)
    used = [(g, a) for g, a in zip(groups, worth, strict=True) if bool((a != 0).any())]
    told: dict[str, float] = {
        "reward": _mean([s.reward for g in groups for s in g.samples]),
        "length": _mean([len(s.ids) for g in groups for s in g.samples]),
        "zero_variance": len(groups) - len(used),
        "replayed": sum(s.replayed for g in groups for s in g.samples),
    }
    if not used:
        return told
    for setting in optimizer.param_groups:
        setting["lr"] = rate
    before: list[Tensor | None] = [None] * len(used)
    weights = [p for setting in optimizer.param_groups for p in setting["params"]]
    for epoch in range(settings.epochs):
        optimizer.zero_grad(set_to_none=True)
        parts = []
        for place, (group, advantage) in enumerate(used):
            loss, before[place], seen = _part(
                model, group, advantage, before[place], settings, [g for g, _ in used]
            )
            loss.backward()
            parts.append(seen)
        length = torch.nn.utils.clip_grad_norm_(weights, settings.norm)
        optimizer.step()
        told |= _totals(parts, first=epoch == 0) | {"gradient": float(length)}
    return told


def _part(
    model: Any,
    group: Group,
    advantage: Tensor,
    before: Tensor | None,
    settings: Settings,
    batch: Sequence[Group],
) -> tuple[Tensor, Tensor, dict[str, float]]:
    packed = pack(group.prompt, [s.ids for s in group.samples])
    logits = packed_logits(model, packed) / settings.temperature
    logps = _rows(chosen(logits, packed.targets), packed.lengths)
    mask = _table([s.mask for s in group.samples])
    stored = _table([s.logprobs for s in group.samples])
    old = logps.detach() if before is None else before
    sequences = settings.ratio == "sequence"
    ratio = gspo_ratio(logps, old, mask) if sequences else token_ratio(logps, old)
    losses = ppo_clip(ratio, advantage, settings.low, settings.high, settings.dual)
    earlier = torch.tensor([s.replayed for s in group.samples])
    sampled = behaviour(stored, old, earlier, corrected=settings.replay == "corrected")
    weights = truncated_weights(old, sampled, mask, settings.cap)
    losses = losses * weights
    longest = max(len(s.ids) for g in batch for s in g.samples)
    tokens = float(sum(sum(s.mask) for g in batch for s in g.samples))
    total = tokens if settings.aggregation == "token" else sum(len(g.samples) for g in batch)
    loss = aggregate(losses, mask, settings.aggregation, length=longest, total=total)
    fresh = mask * ~earlier[:, None]  # what an earlier policy sampled is no mismatch
    apart = mismatch(old, stored, fresh)
    share = float(mask.sum()) / tokens
    fresh_share = float(fresh.sum()) / sum(
        sum(s.mask) for g in batch for s in g.samples if not s.replayed
    )
    clipped = clip_fraction(ratio.detach(), advantage, mask, settings.low, settings.high)
    seen = {
        "loss": float(loss.detach()),
        "entropy": float((_rows(_entropy(logits.detach()), packed.lengths) * mask).sum()) / tokens,
        "clipped": float(clipped) * share,
        "mismatch": apart["mean"] * fresh_share,
        "mismatch_kl": apart["kl"] * fresh_share,
        "mismatch_largest": apart["largest"],
    }
    return loss, old, seen


def _totals(parts: list[dict[str, float]], *, first: bool) -> dict[str, float]:
    told = {name: sum(part[name] for part in parts) for name in ("loss", "clipped")}
    if first:  # of the weights that the step began with
        told |= {n: sum(p[n] for p in parts) for n in ("entropy", "mismatch", "mismatch_kl")}
        told["mismatch_largest"] = max(part["mismatch_largest"] for part in parts)
    return told


def _entropy(logits: Tensor) -> Tensor:
    logps = logits.log_softmax(-1)
    return -(logps.exp() * logps).sum(-1)


def _rows(flat: Tensor, lengths: Sequence[int]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(flat.split(list(lengths))), batch_first=True)


def _table(rows: Sequence[Sequence[float]]) -> Tensor:
    tensors = [torch.tensor(row, dtype=torch.float32) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
