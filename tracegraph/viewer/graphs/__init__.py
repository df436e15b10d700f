"""Recorded graphs: which there are, and one to look at, to thousands of nodes."""

from starlette.routing import BaseRoute, Mount, Route

from tracegraph.viewer.graphs.answers import data, node, search
from tracegraph.viewer.graphs.listing import listing
from tracegraph.viewer.graphs.one import show
from tracegraph.viewer.static_files import shipped


def routes() -> list[BaseRoute]:
    """Return the pages, below ``/graphs``."""
    return [
        Route("/", listing),
        Mount("/static", shipped(__package__)),
        Route("/{evaluation}", show),
        Route("/{evaluation}/data", data),
        Route("/{evaluation}/search", search),
        Route("/{evaluation}/node/{node:int}", node),
    ]


__all__ = ["routes"]
