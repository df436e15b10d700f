"""The button that exports a run."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.viewer.data import run_of, store_of
from tracegraph.viewer.exporting import exported


def export(request: Request) -> Response:
    """Send the run as one file; the browser saves it instead of showing it here."""
    run = run_of(request)
    return Response(
        exported(store_of(request), run),
        media_type="text/html",
        headers={"Content-Disposition": f'attachment; filename="tracegraph-{run.id}.html"'},
    )
