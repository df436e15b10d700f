"""Episodes: which there are, and one as a timeline with its pictures, cells, rewards and tokens."""

from starlette.routing import BaseRoute, Mount, Route

from tracegraph.viewer.episodes.listing import listing
from tracegraph.viewer.episodes.one import show
from tracegraph.viewer.episodes.pictures import picture, whole_text
from tracegraph.viewer.episodes.tokens import tokens
from tracegraph.viewer.static_files import shipped


def routes() -> list[BaseRoute]:
    """Return the pages, below ``/episodes``."""
    return [
        Route("/", listing),
        Mount("/static", shipped(__package__)),
        Route("/blobs/{hash}", picture),
        Route("/{episode}", show),
        Route("/{episode}/tokens", tokens),
        Route("/{episode}/text", whole_text),
    ]


__all__ = ["routes"]
