"""Scores by OSWorld's own getters and functions, from the package `desktop-env`.

They run in a sandbox without a network, because they read files that an agent made; what they ask
of the desktop comes here and goes on to our server of the protocol.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import math
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from tracegraph.envs.desktop.osworld.connection import Connection
from tracegraph.envs.desktop.osworld.package import Package
from tracegraph.envs.desktop.osworld.provider import machine_of
from tracegraph.envs.desktop.osworld.server import OSWorldServer
from tracegraph.envs.desktop.protocol import Desktop, DesktopError
from tracegraph.envs.desktop.tasks.assets import fetch
from tracegraph.envs.desktop.tasks.evaluators import Spoiled, Verdict
from tracegraph.envs.desktop.tasks.schema import Part
from tracegraph.envs.protocol import EvalError
from tracegraph.sandbox import Limits, Policy, Sandbox, SandboxError
from tracegraph.sandbox.process import Process

_INSIDE = Path(__file__).parent / "inside"
_HERE = "http://desktop:5000"
# What getters ask of a server; nothing else is passed on from there.
_PATHS = frozenset({
    "/accessibility", "/cursor_position", "/desktop_path", "/execute", "/file", "/list_directory",
    "/platform", "/run_bash_script", "/run_python", "/screen_size", "/screenshot", "/setup/launch",
    "/terminal", "/wallpaper", "/window_size",
})  # fmt: skip
_LONGEST = 1 << 20
_LIMITS = Limits(
    seconds=300, cpu_seconds=240, memory=3 << 30, disk=1 << 30, files=20_000, processes=64
)


async def judge(
    package: Package,
    part: Part,
    desktop: Desktop,
    *,
    size: tuple[int, int],
    kept: Mapping[str, bytes],
) -> Verdict:
    """Return what the package's function says of the desktop.

    Args:
        package: where it is installed.
        part: what to score.
        desktop: as the agent left it.
        size: of its screen, in pixels.
        kept: files that steps and other getters put aside, by name.

    Raises:
        Spoiled: what the agent left cannot be read.
        EvalError: the package, the task or the machine is at fault.
    """
    files = {f"inside/{path.name}": path for path in sorted(_INSIDE.glob("*.py"))}
    asked = {
        "func": part.func, "options": part.options, "size": list(size),
        "kept": {name: base64.b64encode(data).decode("ascii") for name, data in kept.items()},
        "result": _named(part.result, "result"), "expected": _named(part.expected, "expected"),
    }  # fmt: skip
    policy = Policy(limits=_LIMITS, python=package.python)
    program = [str(package.python), "-m", "inside.main"]
    try:
        async with (
            Sandbox(policy) as sandbox,
            _machine(desktop) as machine,
            await sandbox.start(program, files=files) as child,
        ):
            told = await _talk(child, asked, machine)
            if told is None:
                raise await _ended(child, part.func)
    except SandboxError as error:
        raise EvalError(f"{part.func} of desktop-env cannot run: {error}") from error
    if "spoiled" in told:
        raise Spoiled(str(told["spoiled"])[:500])
    value = told.get("score")
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 1:
        raise EvalError(f"{part.func} of desktop-env: {str(told.get('fault', told))[:500]}")
    return Verdict(
        float(value), "" if value >= 1 else f"{part.func} of desktop-env gives {value:g}"
    )


@contextlib.asynccontextmanager
async def _machine(desktop: Desktop) -> AsyncIterator[Connection]:
    """Give a connection to the server of a desktop, which for ours is made for the while."""
    if machine := machine_of(desktop):
        yield machine
        return
    async with OSWorldServer(desktop) as server:
        connection = Connection(server.url, server.token)
        try:
            yield connection
        finally:
            await connection.close()


async def _talk(
    child: Process, asked: dict[str, Any], machine: Connection
) -> dict[str, Any] | None:
    """Return the last thing that the child says; None when it ends without one."""
    quiet = asyncio.create_task(_drain(child.stderr))
    try:
        await _say(child, asked)
        while told := await _heard(child):
            if "ask" not in told:
                return told
            await _say(child, await _asked(machine, told["ask"]))
    except (ConnectionError, BrokenPipeError):
        pass
    finally:
        quiet.cancel()
    return None


async def _asked(machine: Connection, ask: dict[str, Any]) -> dict[str, Any]:
    """Carry out a request of the package: to the desktop, or for a file of the task."""
    method, url, data = str(ask["method"]), str(ask["url"]), ask.get("data")
    if not url.startswith(_HERE + "/"):
        try:
            return _answer(200, fetch(url))
        except Exception as error:  # nothing is fetched from the network
            return {"broken": str(error)[:300]}
    path = url.removeprefix(_HERE)
    if path not in _PATHS or method not in ("GET", "POST"):
        return {"broken": f"{method} {path[:100]} is nothing that getters ask of a desktop"}
    given: dict[str, Any] = {"data": data} if isinstance(data, dict) else {}
    if isinstance(data, str):
        given = {"content": data.encode(), "headers": {"Content-Type": "application/json"}}
    elif ask.get("json") is not None:
        given = {"json": ask["json"]}
    try:
        told = await machine.forward(method, path, **given)
    except DesktopError as error:
        return {"broken": str(error)}
    # A file may be missing; anything else that is not there is a fault of the desktop.
    if told.status_code >= 500 or (told.status_code == 404 and path != "/file"):
        return {"broken": f"{told.request.url.path}: {told.text[:300]}"}
    content = told.content
    if path == "/accessibility":
        # The package looks for Chrome's address bar, for which Chromium's stands here.
        content = content.replace(b'name=\\"Chromium\\"', b'name=\\"Google Chrome\\"')
    return _answer(told.status_code, content)


def _answer(status: int, body: bytes) -> dict[str, Any]:
    return {"status": status, "body": base64.b64encode(body).decode("ascii")}


async def _say(child: Process, told: dict[str, Any]) -> None:
    child.stdin.write(json.dumps(told).encode() + b"\n")
    await child.stdin.drain()


async def _heard(child: Process) -> dict[str, Any] | None:
    # What runs there may be hostile: a line is bounded, and anything but an object is an end.
    held = b""
    while b"\n" not in held:
        block = await child.stdout.read(1 << 16)
        held += block
        if not block or len(held) > _LONGEST:
            return None
    try:
        told = json.loads(held)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass


async def _ended(child: Process, func: str) -> Exception:
    await child.kill()
    end = await child.wait()
    if end.status in ("memory", "disk"):
        return Spoiled(f"{func} of desktop-env: the result is too large to be read ({end.detail})")
    return EvalError(f"{func} of desktop-env ended: {end.status} {end.detail}")


def _named(getter: dict[str, Any] | None, name: str) -> dict[str, Any] | None:
    """Return a getter's settings with a name for its file, which the package wants."""
    if not getter:
        return None
    path = getter.get("path", "")
    if "dest" in getter or not isinstance(path, str):
        return getter
    own = "" if path.startswith("data:") else Path(path).name
    return {**getter, "dest": own or name}
