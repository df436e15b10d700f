"""What the server does: commands, programs, files, recordings."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.osworld import commands
from tracegraph.envs.desktop.osworld.commands import Command
from tracegraph.envs.desktop.osworld.keys import DESKTOP, RECORDING, SIZE, VIEW
from tracegraph.envs.desktop.osworld.looking import expanded
from tracegraph.envs.desktop.protocol import DesktopError, ExecResult
from tracegraph.envs.desktop.record import Recording
from tracegraph.envs.desktop.tasks.browser import as_here
from tracegraph.envs.desktop.view import View

ROUTES = web.RouteTableDef()


def _told(result: ExecResult) -> dict[str, Any]:
    return {
        "status": "success",
        "output": result.stdout,
        "error": result.stderr,
        "returncode": result.code,
    }


@ROUTES.post("/execute")
@ROUTES.post("/setup/execute")
async def execute(request: web.Request) -> web.Response:
    """Run a command to its end; how it ended is in ``returncode``."""
    command = Command.read(await request.json())
    return web.json_response(
        _told(await commands.run(request.app[DESKTOP], command, request.app[SIZE]))
    )


@ROUTES.post("/execute_with_verification")
@ROUTES.post("/setup/execute_with_verification")
async def execute_with_verification(request: web.Request) -> web.Response:
    """Run a command, then look until a window is there or another command succeeds."""
    ask = await request.json()
    wanted = ask.get("verification") or {}
    began = time.monotonic()
    result = await commands.run(request.app[DESKTOP], Command.read(ask), request.app[SIZE])
    while not (met := await _met(request, wanted)):
        if time.monotonic() - began > float(ask.get("max_wait_time", 10)):
            break
        await asyncio.sleep(float(ask.get("check_interval", 1)))
    told = {**_told(result), "wait_time": time.monotonic() - began, "verification": wanted}
    if not met:
        told |= {"status": "verification_failed"}
    return web.json_response(told, status=200 if met else 500)


async def _met(request: web.Request, wanted: dict[str, Any]) -> bool:
    desktop = request.app[DESKTOP]
    if (title := wanted.get("window_exists")) and isinstance(desktop, LocalXvfb):
        found = [one.title.lower() for one in await desktop.windows()]
        if not any(str(title).lower() in one for one in found):
            return False
    if line := wanted.get("command_success"):
        return (await desktop.exec(["/bin/sh", "-c", str(line)])).code == 0
    return True


@ROUTES.post("/setup/launch")
async def launch(request: web.Request) -> web.Response:
    """Start a program and leave it running."""
    command = Command.read(await request.json())
    result = await request.app[DESKTOP].exec(as_here(list(command.argv)), background=True)
    if result.code is not None:
        raise DesktopError(result.stderr)
    return web.Response(text=f"{' '.join(command.argv)} launched successfully")


@ROUTES.post("/run_python")
async def run_python(request: web.Request) -> web.Response:
    """Run Python inside."""
    code = str((await request.json())["code"])
    result = await request.app[DESKTOP].exec(["/usr/bin/python3", "-c", code], seconds=30)
    told = {
        "status": "success" if result.code == 0 else "error",
        "message": result.stdout + result.stderr,
        "output": result.stdout,
        "error": result.stderr,
        "need_more": False,
        "return_code": result.code,
    }
    return web.json_response(told)


@ROUTES.post("/run_bash_script")
async def run_bash_script(request: web.Request) -> web.Response:
    """Run a script inside."""
    ask = await request.json()
    argv = ["/bin/bash", "-c", str(ask["script"])]
    if folder := ask.get("working_dir"):
        argv = ["/usr/bin/env", "-C", expanded(str(folder)), *argv]
    result = await request.app[DESKTOP].exec(argv, seconds=float(ask.get("timeout", 30)))
    status = "success" if result.code == 0 else "error"
    return web.json_response({**_told(result), "status": status})


@ROUTES.post("/setup/upload")
async def upload(request: web.Request) -> web.Response:
    """Write a file."""
    form = await request.post()
    data = form["file_data"]
    body = data.file.read() if isinstance(data, web.FileField) else str(data).encode()
    await request.app[DESKTOP].put(expanded(str(form["file_path"])), body)
    return web.Response(text=f"File Uploaded: {len(body)} bytes")


@ROUTES.post("/setup/download_file")
async def download_file(_: web.Request) -> web.Response:
    """Say that there is no network."""
    return web.Response(
        text="this desktop has no network; fetch the file outside and use /setup/upload", status=500
    )


@ROUTES.post("/start_recording")
async def start_recording(request: web.Request) -> web.Response:
    """Begin a recording."""
    if request.app[RECORDING]:
        return web.json_response(
            {"status": "error", "message": "a recording is running"}, status=400
        )
    request.app[RECORDING].append(await Recording.start(request.app[DESKTOP]))
    return web.json_response({"status": "success", "message": "Started recording"})


@ROUTES.post("/end_recording")
async def end_recording(request: web.Request) -> web.Response:
    """End the recording and return it."""
    if not request.app[RECORDING]:
        return web.json_response({"status": "error", "message": "no recording runs"}, status=400)
    data = await request.app[RECORDING].pop().stop()
    return web.Response(body=data, content_type="video/mp4")


# Our own, besides the protocol.


@ROUTES.get("/tracegraph")
async def ours(request: web.Request) -> web.Response:
    """Say that this is one of our desktops, and what it offers."""
    return web.json_response({"capabilities": sorted(request.app[DESKTOP].capabilities)})


@ROUTES.post("/tracegraph/reset")
async def reset(request: web.Request) -> web.Response:
    """Throw the desktop away and start a new one."""
    request.app[RECORDING].clear()
    while request.app[VIEW]:
        await request.app[VIEW].pop().close()
    await request.app[DESKTOP].reset()
    return web.json_response({"status": "success"})


@ROUTES.post("/tracegraph/view")
async def view(request: web.Request) -> web.Response:
    """Open a VNC server on loopback; a second request returns the one that is open."""
    desktop = request.app[DESKTOP]
    if not isinstance(desktop, LocalXvfb):
        raise DesktopError("only local desktops can be looked at")
    control = bool((await request.json()).get("control", False))
    if not request.app[VIEW]:
        request.app[VIEW].append(await View.open(desktop, control=control))
    opened = request.app[VIEW][0]
    return web.json_response({"port": opened.port, "password": opened.password})
