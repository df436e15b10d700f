"""What a request is about: the store, and the run that its path names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.runs import Run, Store, find_run

if TYPE_CHECKING:
    from starlette.requests import Request


def store_of(request: Request) -> Store:
    """Return the open store of the application."""
    store: Store = request.app.state.store
    return store


def run_of(request: Request) -> Run:
    """Return the run that the path, or else the query, names as ``run``.

    Raises:
        StoreError: there is none; the page says so.
    """
    name = request.path_params.get("run") or request.query_params.get("run") or ""
    return find_run(store_of(request), name)
