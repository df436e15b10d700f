"""Recorded graphs: which there are, and one to look at, to thousands of nodes."""

from starlette.routing import BaseRoute, Mount, Route

from tracegraph.viewer.graphs.answers import data, node, progress, search
from tracegraph.viewer.graphs.drawn import Kept
from tracegraph.viewer.graphs.listing import listing
from tracegraph.viewer.graphs.one import show, show_file
from tracegraph.viewer.graphs.sources import read_graph
from tracegraph.viewer.static_files import shipped


def routes() -> list[BaseRoute]:
    """Return the pages, below ``/graphs``."""
    pages: list[BaseRoute] = [Route("/", listing), Mount("/static", shipped(__package__))]
    # The file that `tracegraph view` was given first: else it would be an evaluation's name.
    for at, shown in (("/file", show_file), ("/{evaluation}", show)):
        pages += [
            Route(at, shown),
            Route(f"{at}/data", data),
            Route(f"{at}/progress", progress),
            Route(f"{at}/search", search),
            Route(f"{at}/node/{{node:int}}", node),
        ]
    return pages


__all__ = ["routes", "read_graph", "Kept"]
