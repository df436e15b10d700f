"""The few connections that a policy allows, relayed from the sandbox's own network to ours.

The keeper opens listening sockets inside the sandbox's network namespace, one for each allowed
``host:port``, and hands them to us: whatever the program connects to there comes out here, and we
connect to the one address that the socket stands for. Nothing else exists on that network.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from tracegraph.sandbox.errors import SandboxRefused

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

_BLOCK = 1 << 16
_CONNECT_SECONDS = 10.0


def split(pair: str) -> tuple[str, int]:
    """Return the parts of ``host:port``."""
    host, _, port = pair.rpartition(":")
    return host, int(port)


def addresses(pairs: Sequence[str]) -> tuple[dict[str, str], list[tuple[str, int]]]:
    """Return names -> addresses for the sandbox's hosts file, and where to listen in its network.

    Names get loopback addresses of their own; numbers stay what they are.
    """
    names: dict[str, str] = {}
    listen: list[tuple[str, int]] = []
    for pair in pairs:
        host, port = split(pair)
        if host == "localhost":
            address = "127.0.0.1"
        elif host.replace(".", "").isdigit():
            try:
                address = str(ipaddress.IPv4Address(host))
            except ValueError as error:
                raise SandboxRefused(f"network: {host!r} is no IPv4 address") from error
        else:
            address = names.setdefault(host, f"127.0.1.{len(names) + 1}")
        listen.append((address, port))
    return names, listen


class Relay:
    """Carries connections from listening sockets to their targets until it is closed."""

    def __init__(self, pairs: Sequence[str], descriptors: list[int]) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        for pair, descriptor in zip(pairs, descriptors, strict=True):
            listener = socket.socket(fileno=descriptor)
            listener.setblocking(False)
            self._spawn(self._accept(listener, *split(pair)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                connection, _ = await loop.sock_accept(listener)
                self._spawn(self._carry(connection, host, port))

    async def _carry(self, connection: socket.socket, host: str, port: int) -> None:
        try:
            inner = await asyncio.open_connection(sock=connection)
        except OSError:
            connection.close()
            return
        writers = [inner[1]]
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                outer = await asyncio.open_connection(host, port)
            writers.append(outer[1])
            await asyncio.gather(_pump(inner[0], outer[1]), _pump(outer[0], inner[1]))
        except (OSError, TimeoutError):
            pass
        finally:
            for writer in writers:
                writer.close()

    async def close(self) -> None:
        """End all connections."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_BLOCK):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
