"""How well chosen frames hit the needle."""

from __future__ import annotations

from collections.abc import Sequence

from tracegraph.envs.video.clock import Span, within


def precision_at_k(times: Sequence[float], spans: Sequence[Span]) -> float:
    """Return the share of chosen frames inside the spans: R_T of TSPO, T_t / T_a."""
    if not times:
        return 0.0
    return sum(within(time_s, spans) for time_s in times) / len(times)


def recall_at_k(times: Sequence[float], spans: Sequence[Span], step_s: float = 1.0) -> float:
    """Return the share of the needle's candidate frames, ``step_s`` apart, that were chosen."""
    there = sum(max(1, round(span.seconds / step_s)) for span in spans)
    chosen = len({round(time_s / step_s) for time_s in times if within(time_s, spans)})
    return min(1.0, chosen / there) if there else 0.0


def span_recall(times: Sequence[float], spans: Sequence[Span]) -> float:
    """Return the share of spans of which at least one frame was chosen."""
    if not spans:
        return 0.0
    return sum(any(time_s in span for time_s in times) for span in spans) / len(spans)
