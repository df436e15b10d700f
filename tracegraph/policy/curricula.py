"""Settings that change over a training: from a first value to a last one."""

from __future__ import annotations

import math


def linear(step: int, steps: int, first: float, last: float) -> float:
    """Return ``first + (last - first) * step / steps``, held at the end.

    TSPO (arXiv 2508.04369) lets the temperature of its sampler of frames fall in this way.
    """
    return first + (last - first) * _share(step, steps)


def cosine(step: int, steps: int, first: float, last: float) -> float:
    """Return a half cosine from ``first`` to ``last``: slow, fast, slow.

    Datarus (arXiv 2508.13382) moves weight from the reward of structure to that of the result
    in this way. The abstract names the form, not the weights: give your own.
    """
    return last + (first - last) * (1 + math.cos(math.pi * _share(step, steps))) / 2


def _share(step: int, steps: int) -> float:
    return min(max(step / steps, 0.0), 1.0) if steps > 0 else 1.0
