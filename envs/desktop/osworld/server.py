"""The server of OSWorld's protocol over one of our desktops, for OSWorld's own agents and clients.

It listens on loopback and wants a token (``Authorization: Bearer …`` or ``?token=``) unless it is
opened without one: OSWorld's client cannot send any. Requests of web pages are refused either way.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tracegraph.envs.desktop.osworld import looking, running, windowing
from tracegraph.envs.desktop.osworld.keys import DESKTOP, RECORDING, SIZE, VIEW
from tracegraph.envs.desktop.protocol import Desktop, DesktopError

_LARGEST = 256 << 20
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OSWorldServer:
    """Serves a desktop; use it as an async context manager. The desktop is the caller's.

    Args:
        desktop: a started desktop.
        port: of 127.0.0.1; 0 for any free one.
        token: what requests must carry; None makes one up, an empty text wants none.

    Attributes:
        url: where it answers.
        token: what requests must carry.
    """

    def __init__(self, desktop: Desktop, *, port: int = 0, token: str | None = None) -> None:
        self._desktop = desktop
        self._port = port
        self.token = secrets.token_urlsafe(24) if token is None else token
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; raises DesktopError when the port is taken."""
        frame = await self._desktop.observe()
        app = application(self._desktop, (frame.width, frame.height), self.token)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        try:
            await site.start()
        except OSError as error:
            await self.close()
            raise DesktopError(f"port {self._port} cannot be used: {error}") from error
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> OSWorldServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def application(desktop: Desktop, size: tuple[int, int], token: str) -> web.Application:
    """Return the web application of a desktop whose screen has ``size``."""
    app = web.Application(middlewares=[_guard(token), _answered], client_max_size=_LARGEST)
    app[DESKTOP], app[SIZE], app[RECORDING], app[VIEW] = desktop, size, [], []
    app.add_routes([*looking.ROUTES, *running.ROUTES, *windowing.ROUTES])
    app.on_cleanup.append(_ended)
    return app


def _guard(token: str) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A page in a browser could send requests here; it cannot hide where it comes from.
        host = (request.host or "").rpartition(":")[0] or request.host
        if "Origin" in request.headers or host not in _LOOPBACK:
            raise web.HTTPForbidden(text="not from web pages")
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = given or request.query.get("token", "")
        if token and not hmac.compare_digest(given.encode(), token.encode()):
            raise web.HTTPUnauthorized(text="the token is missing or wrong")
        return await handler(request)

    return guard


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except FileNotFoundError as error:
        return web.json_response({"error": f"File not found: {error}"}, status=404)
    except (DesktopError, ValueError, KeyError, TypeError) as error:
        told = {"status": "error", "message": f"{type(error).__name__}: {error}"}
        return web.json_response(told, status=500 if isinstance(error, DesktopError) else 400)


async def _ended(app: web.Application) -> None:
    for view in app[VIEW]:
        await view.close()
    for recording in app[RECORDING]:
        with contextlib.suppress(DesktopError, asyncio.TimeoutError):
            await recording.stop()
