"""What the server does with windows: find, raise, close, open a file in one."""

from __future__ import annotations

import asyncio
import posixpath
import re
from typing import Any

from aiohttp import web

from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.osworld.keys import DESKTOP
from tracegraph.envs.desktop.osworld.looking import expanded
from tracegraph.envs.desktop.protocol import DesktopError, Window
from tracegraph.envs.desktop.tasks.windows import is_meant

ROUTES = web.RouteTableDef()
_OPEN_SECONDS = 60.0


def _local(request: web.Request) -> LocalXvfb:
    desktop = request.app[DESKTOP]
    if not isinstance(desktop, LocalXvfb):
        raise DesktopError("this desktop does not tell its windows")
    return desktop


async def _found(request: web.Request, ask: dict[str, Any]) -> Window | None:
    """Return the highest window that is meant."""
    for one in reversed(await _local(request).windows()):
        if is_meant(one, ask):
            return one
    return None


@ROUTES.post("/setup/activate_window")
async def activate_window(request: web.Request) -> web.Response:
    """Raise a window; nothing happens when there is none of the name."""
    if window := await _found(request, await request.json()):
        await _local(request).activate(window)
    return web.Response(text="Window activated successfully")


@ROUTES.post("/setup/close_window")
async def close_window(request: web.Request) -> web.Response:
    """Close a window; 404 when there is none of the name."""
    window = await _found(request, await request.json())
    if window is None:
        return web.Response(text="window not found", status=404)
    await _local(request).close_window(window)
    return web.Response(text="Window closed successfully.")


@ROUTES.post("/window_size")
async def window_size(request: web.Request) -> web.Response:
    """Return the size of the window of an application."""
    name = str((await request.post())["app_class_name"]).lower()
    for one in reversed(await _local(request).windows()):
        if name in one.app.lower():
            return web.json_response({"width": one.width, "height": one.height})
    return web.json_response({"error": "no such window"}, status=404)


@ROUTES.post("/setup/open_file")
async def open_file(request: web.Request) -> web.Response:
    """Open a file in the program for it, and wait until a window shows it."""
    desktop = _local(request)
    path = expanded(str((await request.json())["path"]))
    if (await desktop.exec(["test", "-e", path])).code != 0:
        return web.Response(text=f"file not found: {path}", status=404)
    opened = await desktop.exec(["xdg-open", path], background=True)
    if opened.code is not None:
        raise DesktopError("opening files needs xdg-open: apt-get install xdg-utils")
    stem = re.escape(posixpath.splitext(posixpath.basename(path))[0])
    deadline = asyncio.get_running_loop().time() + _OPEN_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        for one in await desktop.windows():
            if re.search(stem, one.title, re.IGNORECASE):
                await desktop.activate(one)
                return web.Response(text="File opened and window activated successfully")
        await asyncio.sleep(0.1)
    return web.Response(text=f"no window shows {path}", status=500)


@ROUTES.post("/setup/change_wallpaper")
async def change_wallpaper(_: web.Request) -> web.Response:
    """Say that the desktop has no wallpaper."""
    return web.Response(text="this desktop has no wallpaper", status=500)
