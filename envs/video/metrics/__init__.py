"""Measures of chosen frames and of masks."""

from tracegraph.envs.video.metrics.masks import MaskScore, boundary, mask_score, region
from tracegraph.envs.video.metrics.needle import precision_at_k, recall_at_k, span_recall

__all__ = [
    "precision_at_k", "recall_at_k", "span_recall",
    "region", "boundary", "MaskScore", "mask_score",
]  # fmt: skip
