"""What the handlers of the server share, by key of the application."""

from __future__ import annotations

from aiohttp import web

from tracegraph.envs.desktop.protocol import Desktop
from tracegraph.envs.desktop.record import Recording
from tracegraph.envs.desktop.view import View

DESKTOP: web.AppKey[Desktop] = web.AppKey("desktop", Desktop)
SIZE: web.AppKey[tuple[int, int]] = web.AppKey("size", tuple)
RECORDING: web.AppKey[list[Recording]] = web.AppKey("recording", list)
VIEW: web.AppKey[list[View]] = web.AppKey("view", list)
