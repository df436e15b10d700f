"""The pages about runs."""

from starlette.routing import BaseRoute, Route

from tracegraph.viewer.runs.candidates import candidate, candidates
from tracegraph.viewer.runs.compare import compare
from tracegraph.viewer.runs.export import export
from tracegraph.viewer.runs.listing import listing
from tracegraph.viewer.runs.log import log
from tracegraph.viewer.runs.overview import overview
from tracegraph.viewer.runs.verdict import verdict


def routes() -> list[BaseRoute]:
    """Return the pages, all of them at ``/runs`` but the comparison."""
    return [
        Route("/runs", listing),
        Route("/compare", compare),
        Route("/runs/{run}", overview),
        Route("/runs/{run}/candidates", candidates),
        Route("/runs/{run}/candidates/{name}", candidate),
        Route("/runs/{run}/log", log),
        Route("/runs/{run}/verdict", verdict, methods=["POST"]),
        Route("/runs/{run}/export.html", export),
    ]
