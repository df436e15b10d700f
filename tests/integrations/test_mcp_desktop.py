"""A real desktop as MCP tools, over standard input and output and over HTTP."""

import asyncio
import base64
import io
import os
import shutil
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

mcp = pytest.importorskip("mcp")
pytest.importorskip("Xlib")
Image = pytest.importorskip("PIL.Image")

NEEDED = ("Xvfb", "openbox", "dbus-daemon", "bwrap", "mousepad")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]
COMMAND = [sys.executable, "-c", "from tracegraph.cli.main import main; main()", "serve", "mcp"]
DESKTOP = ["--env", "desktop", "--app", "mousepad"]


def text_of(result):
    assert not result.is_error, result.content
    return "\n".join(part.text for part in result.content if part.type == "text")


def picture_of(result):
    (picture,) = [part.data for part in result.content if part.type == "image"]
    return Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")


async def place_of(ask, role):
    """Return the middle of the largest element of a role, once there is one."""
    for _ in range(100):
        listed = text_of(await ask("elements", {})).splitlines()
        found = [
            line.removesuffix(" (focused)").rpartition(" at ")[2]
            for line in listed
            if line.startswith(f"{role} ")
        ]
        if found:
            places = [
                (*map(int, at.split(",")), *map(int, size.split(" x ")))
                for at, size in (each.split(", ") for each in found)
            ]
            x, y, width, height = max(places, key=lambda place: place[2] * place[3])
            return x + width // 2, y + height // 2
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {role} among {listed}")


async def write_and_read(ask):
    """Work in the editor: find its text, click into it, type, and see that it is there."""
    empty = picture_of(await ask("screenshot", {}))
    assert empty.size == (1280, 720)
    x, y = await place_of(ask, "text")
    await ask("click", {"x": x, "y": y})
    typed = await ask("type", {"text": "Grüße, 3 > 2"})
    assert picture_of(typed).tobytes() != empty.tobytes()
    await ask("keys", {"keys": ["Return"]})
    assert "Grüße, 3 > 2" in text_of(await ask("elements", {}))


def processes_of(server):
    """Return the processes below one, by their ids."""
    done = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], check=True, capture_output=True, text=True
    )  # fmt: skip
    parents = dict(map(int, line.split()) for line in done.stdout.splitlines())
    found = {server}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {server}


def alive(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


async def test_over_stdio():
    served = mcp.StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], *DESKTOP], env=dict(os.environ)
    )
    before = processes_of(os.getpid())
    async with mcp.Client(served) as client:
        await write_and_read(client.call_tool)
        outside = await client.call_tool("click", {"x": 5000, "y": 5})
        assert outside.is_error
        started = processes_of(os.getpid()) - before
        assert len(started) > 3
    assert alive(started) == [], "the desktop ends with the client"


@asynccontextmanager
async def http_server(*options):
    server = subprocess.Popen(
        [*COMMAND, *DESKTOP, "--http", "--port", "0", *options],
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TRACEGRAPH_MCP_TOKEN": "secret", "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        line = await asyncio.to_thread(server.stdout.readline)
        yield server, line.split()[-1]
        server.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(server.wait, 30) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


async def test_over_http():
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    async with (
        http_server("--sessions", "1") as (server, url),
        httpx2.AsyncClient(headers={"Authorization": "Bearer secret"}, timeout=60) as http,
        mcp.Client(streamable_http_client(url, http_client=http)) as client,
    ):
        session = text_of(await client.call_tool("open_session", {}))

        async def ask(tool, given):
            return await client.call_tool(tool, {"session": session, **given})

        await write_and_read(ask)
        started = processes_of(server.pid)
        assert len(started) > 3
        assert text_of(await ask("close_session", {})) == "closed"
        assert alive(started) == [], "the desktop ends with its session"
        session = text_of(await client.call_tool("open_session", {}))
        assert picture_of(await ask("screenshot", {})).size == (1280, 720)
        started = processes_of(server.pid)
    assert alive(started) == [], "what is open when the server ends is closed"
