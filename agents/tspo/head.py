"""The temporal agent of TSPO (arXiv 2508.04369, section 3.2): scores of frames for a question."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class TemporalHead(nn.Module):  # type: ignore[misc]
    """Windowed attention over frames, a residual MLP, and cosines with the question.

    F_e = MLP(attention(F + PE)) + F, and a frame's score is cos(F_e, t) + cos(F, t). Scores are
    not divided by the temperature here. Without the published code's layer that is built and
    never used.

    Args:
        dim: of the frozen encoder's features; 768 for CLIP ViT-L/14.
        heads: of the attention.
        window: frames that one frame looks at: from window // 2 before it on.
    """

    def __init__(self, dim: int = 768, heads: int = 8, window: int = 12) -> None:
        super().__init__()
        self.dim = dim
        self.heads = heads
        self.window = window
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.first = nn.Linear(dim, dim)
        self.second = nn.Linear(dim, dim)

    def forward(self, frames: Tensor, text: Tensor) -> Tensor:
        """Return (B, T) scores for (B, T, D) features of frames and (B, D) of questions."""
        placed = frames + position_code(frames.shape[1], self.dim).to(frames)
        mixed = self._attend(placed)
        refined = self.second(functional.relu(self.first(mixed))) + frames
        words = text.unsqueeze(1)
        return _cosine(refined, words) + _cosine(frames, words)

    def _attend(self, frames: Tensor) -> Tensor:
        batch, length, _ = frames.shape

        def split(linear: nn.Linear) -> Tensor:
            return linear(frames).view(batch, length, self.heads, -1)

        query, key, value = split(self.query), split(self.key), split(self.value)
        return banded_attention(query, key, value, self.window).reshape(batch, length, self.dim)


def banded_attention(query: Tensor, key: Tensor, value: Tensor, window: int) -> Tensor:
    """Return attention in which frame j sees frames j - window // 2 … j - window // 2 + window - 1.

    Equal to masked attention, in memory and time linear in the length.

    Args:
        query, key, value: (batch, length, heads, size).
        window: frames.
    """
    length = query.shape[1]
    before = window // 2
    pad = (0, 0, 0, 0, before, window - before - 1)
    keys, values = functional.pad(key, pad), functional.pad(value, pad)
    logits = torch.stack(
        [(query * keys[:, shift : shift + length]).sum(-1) for shift in range(window)], dim=-1
    )
    place = torch.arange(length, device=query.device)[:, None]
    seen = place - before + torch.arange(window, device=query.device)[None]
    outside = (seen < 0) | (seen >= length)
    logits = logits / math.sqrt(query.shape[-1])
    weights = logits.masked_fill(outside[None, :, None], -torch.inf).softmax(dim=-1)
    mixed = torch.zeros_like(value)
    for shift in range(window):
        mixed = mixed + weights[..., shift : shift + 1] * values[:, shift : shift + length]
    return mixed


def position_code(length: int, dim: int) -> Tensor:
    """Return (length, dim) sines and cosines of the place in the video, from 0 to 1."""
    place = torch.arange(length, dtype=torch.float32)[:, None] / length
    speed = torch.exp(torch.arange(0, dim, 2) * (-math.log(10_000.0) / dim))
    code = torch.zeros(length, dim)
    code[:, 0::2] = torch.sin(place * speed)
    code[:, 1::2] = torch.cos(place * speed)[:, : dim // 2]
    return code


def _cosine(frames: Tensor, text: Tensor) -> Tensor:
    norms = frames.norm(dim=-1) * text.norm(dim=-1)
    return (frames * text).sum(-1) / (norms + 1e-6)
