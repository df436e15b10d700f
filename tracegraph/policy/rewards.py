"""One reward from several, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from tracegraph.errors import TracegraphError


class RewardError(TracegraphError):
    """Rewards and their scales do not fit together."""


def compose(parts: Mapping[str, float], scales: Mapping[str, float]) -> float:
    """Return ``sum of scale * part`` over the names of ``scales``.

    A part without a scale is recorded and does not count; a scale without its part is an error,
    because a misspelled name would train on something else.

    Raises:
        RewardError: a part is missing.
    """
    if missing := sorted(set(scales) - set(parts)):
        raise RewardError(
            f"no reward named {', '.join(missing)}; there are: {', '.join(sorted(parts)) or 'none'}"
        )
    return sum(scale * parts[name] for name, scale in scales.items())


def weighted(rows: Sequence[Mapping[str, float]], scales: Mapping[str, float]) -> Tensor:
    """Return the composed reward of each row, shape (rows,)."""
    return torch.tensor([compose(row, scales) for row in rows], dtype=torch.float32)
