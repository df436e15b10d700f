"""Rules that choose k of n frames by their scores; each returns indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tracegraph.agents.tspo.encoders.base import Vectors

_SPLIT, _DEPTH = 0.8, 5  # AKS: when the best stand out enough; how deep to split


def uniform(count: int, k: int) -> list[int]:
    """Return the middles of k equal parts."""
    k = min(k, count)
    return [int((number + 0.5) * count / k) for number in range(k)]


def topk(scores: Vectors, k: int) -> list[int]:
    """Return the k best; earlier frames win ties."""
    import numpy as np

    return [int(index) for index in np.argsort(-scores, kind="stable")[:k]]


def bin_max(scores: Vectors, k: int) -> list[int]:
    """Return the best of each of k equal parts: what TSPO's code uses for VideoMME."""
    import numpy as np

    parts = np.array_split(np.arange(len(scores)), min(k, len(scores)))
    return [int(part[scores[part].argmax()]) for part in parts]


def aks(scores: Vectors, k: int) -> list[int]:
    """Return frames by adaptive keyframe sampling (arXiv 2502.21271).

    A part whose k best stand out from its mean by 0.8 (scores from 0 to 1) gives its k best;
    otherwise its halves give half of them each, down to depth 5.
    """
    import numpy as np

    low, high = float(scores.min()), float(scores.max())
    scaled = (scores - low) / (high - low) if high > low else np.zeros_like(scores)
    found: list[int] = []

    def judge(part: npt.NDArray[np.intp], k: int, depth: int) -> None:
        if k == 0 or len(part) == 0:
            return
        best = part[np.argsort(-scaled[part], kind="stable")[:k]]
        stands_out = scaled[best].mean() - scaled[part].mean() > _SPLIT
        if stands_out or depth == _DEPTH or k == 1 or len(part) <= k:
            found.extend(int(index) for index in best)
            return
        middle = len(part) // 2
        judge(part[:middle], k // 2, depth + 1)
        judge(part[middle:], k - k // 2, depth + 1)

    judge(np.arange(len(scores)), min(k, len(scores)), 0)
    # Parts shorter than their share leave some over: the best of the rest.
    rest = [index for index in topk(scores, len(scores)) if index not in set(found)]
    return found + rest[: min(k, len(scores)) - len(found)]


def gumbel_topk(scores: Vectors, k: int, temperature: float, seed: int) -> list[int]:
    """Draw k frames without replacement, probable by softmax(scores / temperature)."""
    import numpy as np

    noise = np.random.default_rng(seed).gumbel(size=len(scores))
    return topk((scores / temperature + noise).astype(np.float32), k)
