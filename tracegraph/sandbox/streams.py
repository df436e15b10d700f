"""A program's standard streams as we hold them: bounded where they are collected."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK = 1 << 16
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


def memory_file(content: bytes) -> int:
    """Return a descriptor of a file that holds the content and can never be changed."""
    descriptor = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class Collector:
    """Reads standard output and error, together at most ``limit`` bytes, then no more."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: tuple[list[bytes], list[bytes]] = ([], [])
        self._ours: list[int] = []
        self._theirs: list[int] = []
        self._at_end = asyncio.Event()
        self.full = False
        self.on_full: Callable[[], object] = lambda: None

    def open(self) -> list[int]:
        """Return the two descriptors that the program writes to."""
        loop = asyncio.get_running_loop()
        for parts in self._parts:
            ours, theirs = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(ours, False)
            self._ours.append(ours)
            self._theirs.append(theirs)
            loop.add_reader(ours, self._read, ours, parts)
        return list(self._theirs)

    def opened(self) -> None:
        """Close our copies of the program's ends."""
        while self._theirs:
            os.close(self._theirs.pop())

    def _read(self, descriptor: int, parts: list[bytes]) -> None:
        try:
            data = os.read(descriptor, _BLOCK)
        except BlockingIOError:
            return
        if not data:
            self._forget(descriptor)
            return
        parts.append(data[: self._left])
        self._left -= len(parts[-1])
        if len(parts[-1]) < len(data) and not self.full:
            self.full = True
            self.on_full()

    def _forget(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        self._ours.remove(descriptor)
        if not self._ours:
            self._at_end.set()

    async def finished(self, seconds: float) -> None:
        """Wait until the program's ends are closed and all is read."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._at_end.wait(), seconds)

    def close(self) -> None:
        """Close what is open."""
        self.opened()
        for descriptor in list(self._ours):
            self._forget(descriptor)

    def texts(self) -> tuple[str, str]:
        """Return both streams as text; what is no UTF-8 becomes U+FFFD."""
        out, err = (b"".join(parts).decode("utf-8", "replace") for parts in self._parts)
        return out, err


async def pipe_streams() -> tuple[
    Callable[[], None],
    list[int],
    tuple[asyncio.StreamWriter, asyncio.StreamReader, asyncio.StreamReader],
]:
    """Return how to close our ends, the program's three descriptors, and our three streams."""
    loop = asyncio.get_running_loop()
    theirs_in, ours_in = os.pipe2(os.O_CLOEXEC)
    ours_out, theirs_out = os.pipe2(os.O_CLOEXEC)
    ours_err, theirs_err = os.pipe2(os.O_CLOEXEC)
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(ours_in, "wb", 0)
    )
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    readers: list[asyncio.StreamReader] = []
    transports: list[asyncio.BaseTransport] = [transport]
    for descriptor in (ours_out, ours_err):
        reader = asyncio.StreamReader(loop=loop)
        read_transport, _ = await loop.connect_read_pipe(
            lambda reader=reader: asyncio.StreamReaderProtocol(reader, loop=loop),  # type: ignore[misc]
            os.fdopen(descriptor, "rb", 0),
        )
        readers.append(reader)
        transports.append(read_transport)

    def close() -> None:
        for one in transports:
            one.close()

    return close, [theirs_in, theirs_out, theirs_err], (writer, readers[0], readers[1])
