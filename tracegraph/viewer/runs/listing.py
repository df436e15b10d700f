"""The list of runs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.runs import list_runs
from tracegraph.training.report.markup import table
from tracegraph.viewer.data import store_of
from tracegraph.viewer.page import page


def listing(request: Request) -> Response:
    """Show the runs, the newest first."""
    rows: list[list[object]] = [
        [run.name, run.kind, run.status] for run in list_runs(store_of(request))
    ]
    return page(request, "Runs", table(["run", "kind", "state"], rows), live="")
