"""Scores on a scale on which a Gaussian process can follow them.

How bad bad points are says little about where the best one is, and long tails hide the differences
between good ones. So several scales are fitted, and the one under which the scores are likeliest
is taken. Source: Snelson et al. 2004, "Warped Gaussian Processes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracegraph.optimizers.sampling.process import Process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# Differences to the best one count by their logarithm beyond these quantiles of them.
_KNEES = (0.6, 0.3, 0.15, 0.05)
# Steps of the fits after the first one, which begin where that one ended.
_REFINED = 20


def fitted(points: Array, scores: Array, categorical: Sequence[bool]) -> tuple[Process, Array]:
    """Return (a process that fits the scores on the best scale, the scores on that scale)."""
    warped, volume = _standardised(scores, 0.0)
    best = Process(points, warped, categorical)
    most, chosen, start = best.density + volume, warped, best.theta
    gap = scores.max() - scores
    for knee in sorted({float(np.quantile(gap, q)) for q in _KNEES} - {0.0}, reverse=True):
        bent = -np.log1p(gap / knee)
        warped, volume = _standardised(bent, -float(np.log(knee + gap).sum()))
        process = Process(points, warped, categorical, start=start, steps=_REFINED)
        if process.density + volume > most:
            most, best, chosen = process.density + volume, process, warped
    return best, chosen


def _standardised(scores: Array, volume: float) -> tuple[Array, float]:
    """Return scores of mean 0 and deviation 1, and the logarithm of the Jacobian up to there."""
    deviation = float(scores.std())
    if deviation == 0:
        return scores * 0.0, volume
    return (scores - scores.mean()) / deviation, volume - len(scores) * float(np.log(deviation))
