"""The pages about runs."""

from starlette.routing import BaseRoute, Route

from tracegraph.viewer.runs.listing import listing


def routes() -> list[BaseRoute]:
    """Return the pages, all of them at ``/runs``."""
    return [Route("/runs", listing)]
