"""Desktops for many episodes: each lease is a fresh desktop, the next one waits ready."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

from tracegraph.envs.desktop.protocol import Desktop, DesktopError

D = TypeVar("D", bound=Desktop)


class DesktopPool(Generic[D]):
    """At most ``size`` desktops in use, and ``spares`` more that wait ready.

    Use it as an async context manager. A desktop that was used is reset, never cleaned up; one
    that fails is replaced.
    """

    def __init__(self, factory: Callable[[], D], size: int, *, spares: int = 1) -> None:
        self._factory = factory
        self._room = asyncio.Semaphore(size)
        self._most = size + spares
        self._spares = spares
        self._waiting = self._used = 0
        self._ready: deque[asyncio.Task[D]] = deque()
        self._closed = False

    @contextlib.asynccontextmanager
    async def lease(self) -> AsyncIterator[D]:
        """Wait for room and give a fresh desktop; raises DesktopError when none can be had."""
        self._waiting += 1
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
        self._used += 1
        try:
            desktop = await self._take()
            self._fill()
            try:
                yield desktop
            finally:
                await self._give_back(desktop)
        finally:
            self._used -= 1
            self._room.release()

    async def __aenter__(self) -> DesktopPool[D]:
        self._fill()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every desktop that is not leased; leased ones end when they come back."""
        self._closed = True
        while self._ready:
            with contextlib.suppress(DesktopError):
                await (await self._ready.popleft()).close()

    async def _take(self) -> D:
        while self._ready:
            task = self._ready.popleft()
            try:
                desktop = await asyncio.shield(task)
            except asyncio.CancelledError:
                self._ready.appendleft(task)
                raise
            except DesktopError:
                continue
            try:
                await desktop.observe()  # it may have waited long
            except DesktopError:
                await desktop.close()
                continue
            return desktop
        return await self._start()

    async def _give_back(self, desktop: D) -> None:
        if self._closed or len(self._ready) >= self._spares + self._waiting:
            await asyncio.shield(desktop.close())
        else:
            self._ready.append(asyncio.create_task(self._again(desktop)))

    def _fill(self) -> None:
        while (
            not self._closed
            and len(self._ready) < self._spares
            and self._used + len(self._ready) < self._most
        ):
            self._ready.append(asyncio.create_task(self._start()))

    async def _start(self) -> D:
        desktop = self._factory()
        try:
            await desktop.start()
        except BaseException:
            await desktop.close()
            raise
        return desktop

    async def _again(self, desktop: D) -> D:
        try:
            await desktop.reset()
        except DesktopError:
            await desktop.close()
            return await self._start()
        return desktop
