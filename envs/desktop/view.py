"""Looking at a desktop while it runs: x11vnc inside it, a relay on loopback outside."""

from __future__ import annotations

import asyncio
import contextlib
import secrets

from tracegraph.envs.desktop.local import LocalXvfb
from tracegraph.envs.desktop.protocol import DesktopError

_SOCKET = "/tmp/.view"
_READY_SECONDS = 10.0
_BLOCK = 1 << 16


class View:
    """A VNC server for one desktop on 127.0.0.1.

    Attributes:
        port: where it listens.
        password: what a viewer must say; VNC compares eight characters.
    """

    def __init__(
        self, desktop: LocalXvfb, server: asyncio.Server, port: int, password: str
    ) -> None:
        self._desktop = desktop
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = port
        self.password = password

    @classmethod
    async def open(cls, desktop: LocalXvfb, *, port: int = 0, control: bool = False) -> View:
        """Begin; viewers can only look on unless ``control`` is set.

        Raises DesktopError when x11vnc is missing or does not start.
        """
        password = secrets.token_hex(4)
        await desktop.put(f"{_SOCKET}.password", f"{password}\n".encode())
        started = await desktop.exec(
            [
                "x11vnc", "-display", ":0", "-unixsock", _SOCKET, "-rfbport", "0", "-forever",
                "-shared", "-quiet", "-noxrecord", "-passwdfile", f"rm:{_SOCKET}.password",
                *([] if control else ["-viewonly"]),
            ],
            background=True,
        )  # fmt: skip
        if started.code is not None:
            raise DesktopError("looking on needs x11vnc: apt-get install x11vnc")
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while True:
            try:
                _, writer = await desktop.connect(_SOCKET)
                writer.close()
                break
            except OSError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise DesktopError(f"x11vnc does not answer: {error}") from error
                await asyncio.sleep(0.05)
        view: View

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await view._relay(reader, writer)

        server = await asyncio.start_server(serve, "127.0.0.1", port)
        view = cls(desktop, server, server.sockets[0].getsockname()[1], password)
        return view

    async def close(self) -> None:
        """End it; the desktop goes on."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(DesktopError):
            await self._desktop.exec(["pkill", "-x", "x11vnc"])

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            inner_reader, inner_writer = await self._desktop.connect(_SOCKET)
            try:
                ways = [_pump(reader, inner_writer), _pump(inner_reader, writer)]
                tasks = [asyncio.create_task(way) for way in ways]
                try:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in tasks:
                        one.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                inner_writer.close()
        except (OSError, DesktopError):
            pass  # the desktop is gone, and the viewer with it
        finally:
            writer.close()
            self._tasks.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()
