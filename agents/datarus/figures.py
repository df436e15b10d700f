"""Figures of an episode: kept as blobs of the run store, referred to by hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracegraph import runs

if TYPE_CHECKING:
    from tracegraph.envs.notebook import Figure


async def keep(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Write figures to the store of the surrounding run, if any; return what refers to them."""
    scope = runs.current()
    kept = []
    for figure in figures:
        if scope is not None:
            await runs.add_blob(scope.store, figure.png, "image/png")
        kept.append({"blob": runs.blob_hash(figure.png), "summary": figure.summary})
    return kept
