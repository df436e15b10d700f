"""What the page of a graph asks for, as JSON."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.errors import TracegraphError
from tracegraph.viewer.graphs.drawn import done, drawn


def data(request: Request) -> Response:
    """Return all nodes in short, with their places, and the pieces of the edges."""
    return _answer(lambda: drawn(request).brief)


def progress(request: Request) -> Response:
    """Return the share of the layout that is done; null while none is made."""
    return _answer(lambda: {"done": done(request)})


def node(request: Request) -> Response:
    """Return one node in full."""
    return _answer(lambda: drawn(request).node(int(request.path_params["node"])))


def search(request: Request) -> Response:
    """Return the numbers of the nodes that hold the text ``q``."""
    return _answer(lambda: drawn(request).search(request.query_params.get("q", "")))


def _answer(asked: Any) -> Response:
    try:
        value, status = asked(), 200
    except TracegraphError as error:
        value, status = {"problem": str(error)}, 404
    # ASCII: halves of characters, which Python texts may hold, are no UTF-8.
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json")
