"""Reviews of runs, read again only when something was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.runs import Run
from tracegraph.training.review import Review
from tracegraph.viewer.data.opened import store_of
from tracegraph.viewer.data.pulse import pulse

if TYPE_CHECKING:
    from starlette.requests import Request

_KEPT = 8  # runs


def review_of(request: Request, run: Run) -> Review:
    """Return a run of `tracegraph optimize`, without the events that no drawing needs."""
    kept: dict[str, tuple[str, Review]] = request.app.state.reviews
    # Before it is read: what is written meanwhile makes the next pulse another one.
    now = pulse(store_of(request), run.id).text + ("gone" if run.interrupted else "")
    known = kept.pop(run.id, None)
    if known is None or known[0] != now:
        known = now, Review.of(store_of(request), run.id, brief=True)
    kept[run.id] = known  # the last one asked for is at the end
    while len(kept) > _KEPT:
        kept.pop(next(iter(kept)), None)
    return known[1]
