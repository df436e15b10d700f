"""One forward pass for a group: the prompt once, every completion after it.

The tokens of a group lie in one row: ``[prompt | completion 1 | completion 2 | …]``. A mask lets a
completion see the prompt and itself; the positions of each start again after the prompt. Because
attention is causal, the prompt's states do not depend on what follows: the result is the same as
that of G rows of ``[prompt | completion]``, with ``P + sum of S`` tokens in place of
``sum of (P + S)``, and without padding. Source: Prefix Grouper (arXiv 2506.05433), as one packed
mask instead of two attention calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class PackedGroup:
    """A group in one row of N = P + sum of S tokens.

    Attributes:
        ids: shape (1, N).
        positions: shape (1, N).
        mask: True where the row's token may see the column's; shape (1, 1, N, N).
        sources: where the logits of each completion token are, shape (N - P,).
        lengths: of the completions.
    """

    ids: Tensor
    positions: Tensor
    mask: Tensor
    sources: Tensor
    lengths: tuple[int, ...]

    @property
    def targets(self) -> Tensor:
        """The tokens of all completions, one after another: shape (N - P,)."""
        return self.ids[0, self.ids.shape[1] - sum(self.lengths) :]


def pack(prompt: Sequence[int], completions: Sequence[Sequence[int]]) -> PackedGroup:
    """Lay a group into one row.

    Args:
        prompt: P token ids, at least one.
        completions: any number, of any lengths of at least one token.
    """
    if not prompt or not all(completions):
        raise ValueError("a prompt and its completions have at least one token each")
    first = len(prompt)
    lengths = tuple(len(completion) for completion in completions)
    ids = list(prompt)
    positions = list(range(first))
    owner = [0] * first  # 0 is the prompt
    sources: list[int] = []
    for number, completion in enumerate(completions, start=1):
        begin = len(ids)
        # The first token is told by the end of the prompt, each other one by that before it.
        sources += [first - 1, *range(begin, begin + len(completion) - 1)]
        ids += completion
        positions += range(first, first + len(completion))
        owner += [number] * len(completion)
    owners = torch.tensor(owner)
    same = owners[:, None] == owners[None, :]
    mask = torch.tril(same | (owners == 0)[None, :])
    return PackedGroup(
        torch.tensor([ids]), torch.tensor([positions]), mask[None, None],
        torch.tensor(sources), lengths,
    )  # fmt: skip


def packed_logits(model: Any, group: PackedGroup) -> Tensor:
    """Return the logits that predict each completion token, shape (N - P, vocabulary), float32."""
    answer = model(
        input_ids=group.ids,
        position_ids=group.positions,
        attention_mask=group.mask,
        use_cache=False,
        logits_to_keep=group.sources,
    )
    logits: Tensor = answer.logits[0].float()
    return logits


def packed_logprobs(model: Any, group: PackedGroup, temperature: float = 1.0) -> list[Tensor]:
    """Return the log-probabilities of each completion's tokens, with gradient.

    Args:
        model: a causal model of transformers whose attention is ``sdpa`` or ``eager``.
        group: from `pack`.
        temperature: that the tokens were sampled at.
    """
    logits = packed_logits(model, group) / temperature
    return list(chosen(logits, group.targets).split(group.lengths))


def chosen(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the log-probability of each target; the last axis of ``logits`` is the vocabulary."""
    picked = logits.gather(-1, targets[..., None])[..., 0]
    result: Tensor = picked - logits.logsumexp(-1)
    return result
