"""Sampling in process: each prompt is read once, its completions go on from the same cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion as it was sampled.

    Attributes:
        ids: its tokens; the one that ends an answer is the last, unless it was cut off.
        logprobs: of these tokens under the density they were drawn from.
        mask: 1 on tokens of the policy, 0 on tokens of an environment in between.
        reward: what it was worth.
        replayed: an earlier policy sampled it; it came from the replay buffer.
    """

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    mask: tuple[int, ...]
    reward: float = 0.0
    replayed: bool = False


def sample(
    model: Any,
    prompts: Sequence[Sequence[int]],
    count: int | Sequence[int],
    *,
    limit: int,
    stop: frozenset[int],
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
) -> list[list[Sample]]:
    """Return ``count`` completions of each prompt, or as many as the list of counts says.

    Prompts of different lengths are padded on the left. A finished row goes on being computed
    until all are finished; what it says then is dropped.

    Args:
        model: a causal model of transformers.
        prompts: token ids.
        count: completions of each, or of all.
        limit: tokens of a completion.
        stop: tokens that end one.
        temperature: 0 takes the likeliest token.
        generator: of random numbers; the same one gives the same completions.
    """
    counts = [count] * len(prompts) if isinstance(count, int) else list(count)
    with torch.no_grad():
        samples = iter(_sampled(model, prompts, counts, limit, stop, temperature, generator))
    return [[next(samples) for _ in range(many)] for many in counts]


def _sampled(
    model: Any,
    prompts: Sequence[Sequence[int]],
    counts: Sequence[int],
    limit: int,
    stop: frozenset[int],
    temperature: float,
    generator: torch.Generator | None,
) -> list[Sample]:
    ids, mask = _padded(prompts)
    told = model(
        input_ids=ids, attention_mask=mask, position_ids=_positions(mask), use_cache=True,
        logits_to_keep=1,
    )  # fmt: skip
    cache = told.cache
    places = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    cache.batch_select_indices(places)
    logits = told.logits[places, -1]
    mask = mask[places]
    rows = len(logits)
    open_rows = torch.ones(rows, dtype=torch.bool)
    ends = torch.tensor(sorted(stop))
    tokens: list[Tensor] = []
    logprobs: list[Tensor] = []
    alive: list[Tensor] = []
    while True:
        drawn, logprob = _draw(logits.float(), temperature, generator)
        tokens.append(drawn)
        logprobs.append(logprob)
        alive.append(open_rows.clone())
        open_rows &= ~torch.isin(drawn, ends)
        if len(tokens) == limit or not open_rows.any():
            break
        mask = torch.cat([mask, mask.new_ones(rows, 1)], 1)
        told = model(
            input_ids=drawn[:, None], attention_mask=mask, cache=cache,
            position_ids=_positions(mask)[:, -1:], use_cache=True,
        )  # fmt: skip
        logits = told.logits[:, -1]
    return _cut(torch.stack(tokens, 1), torch.stack(logprobs, 1), torch.stack(alive, 1))


def _draw(
    logits: Tensor, temperature: float, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    if temperature == 0:
        logps = logits.log_softmax(-1)
        drawn = logits.argmax(-1)
    else:
        logps = (logits / temperature).log_softmax(-1)
        drawn = torch.multinomial(logps.exp(), 1, generator=generator)[:, 0]
    return drawn, logps.gather(-1, drawn[:, None])[:, 0]


def _padded(prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, prompts))
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros(len(prompts), longest, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(list(prompt))
        mask[row, longest - len(prompt) :] = 1
    return ids, mask


def _positions(mask: Tensor) -> Tensor:
    return (mask.cumsum(-1) - 1).clamp(min=0)


def _cut(tokens: Tensor, logprobs: Tensor, alive: Tensor) -> list[Sample]:
    made = []
    lengths = alive.sum(1).tolist()
    for ids, logps, length in zip(tokens.tolist(), logprobs.tolist(), lengths, strict=True):
        made.append(Sample(tuple(ids[:length]), tuple(logps[:length]), (1,) * length))
    return made
