"""The web application: its routes, and what surrounds every request."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from tracegraph.errors import TracegraphError
from tracegraph.runs import Store
from tracegraph.training import report
from tracegraph.training.report.markup import tag
from tracegraph.viewer import episodes, graphs, runs
from tracegraph.viewer.access import Access
from tracegraph.viewer.live import events
from tracegraph.viewer.page import page
from tracegraph.viewer.static_files import shipped

LOCAL = ("127.0.0.1", "localhost", "::1")


def make_app(
    store_path: str | os.PathLike[str] | None,
    token: str | None,
    *,
    hosts: Sequence[str] = LOCAL,
    graph: Path | None = None,
) -> Starlette:
    """Return the application that shows a run store.

    Args:
        store_path: the file; None for the project's own.
        token: what a browser must show once, as ``?token=…``; None lets everybody in who
            reaches the port.
        hosts: names under which the server may be called; others are refused, so that a page of
            another site cannot reach it through a name of its own (DNS rebinding).
        graph: the file of a graph to show as well, at ``/graphs/file``.

    Raises:
        StoreError: the file cannot be used.
    """
    store = Store(store_path)

    @asynccontextmanager
    async def open_store(_: Starlette) -> AsyncIterator[None]:
        yield
        store.close()

    app = Starlette(
        routes=[
            Route("/", _home),
            *runs.routes(),
            Mount("/episodes", routes=episodes.routes()),
            Mount("/graphs", routes=graphs.routes()),
            Route("/events", events),
            Route("/static/pieces.css", _pieces),
            Mount("/static", shipped(__package__)),
        ],
        middleware=[Middleware(Access, token=token, hosts=tuple(hosts))],
        exception_handlers={TracegraphError: _failed, HTTPException: _missing},
        lifespan=open_store,
    )
    app.state.store = store
    app.state.graph = graph
    app.state.graphs = graphs.Kept()
    app.state.reviews = {}
    app.state.secret = token or secrets.token_urlsafe(16)
    return app


def _home(_: Request) -> Response:
    return RedirectResponse("/runs", 307)


def _pieces(_: Request) -> Response:
    style = resources.files(report).joinpath("pieces.css").read_text("utf-8")
    return Response(style, media_type="text/css", headers={"Cache-Control": "no-cache"})


def _failed(request: Request, error: Exception) -> Response:
    return page(request, "Not found", tag("p", str(error), class_="lead"), status=404)


def _missing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return page(
        request, error.detail, tag("p", f"There is nothing to see at {request.url.path}."),
        status=error.status_code,
    )  # fmt: skip
