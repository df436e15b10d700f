"""A limit on what is in flight, across tasks, event loops and threads."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress


class Limiter:
    """Lets at most `limit(wanted)` holders in at a time, first come first served.

    The limit is asked each time and told how many hold a place or wait for one: a pool may
    grow while callers wait. Waiters may belong to different event loops. The limit is asked
    under a lock and must not wait for anything.
    """

    def __init__(self, limit: Callable[[int], int]) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiters: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        self._held = 0

    @property
    def in_flight(self) -> int:
        """How many hold a place now."""
        return self._held

    @property
    def wanted(self) -> int:
        """How many hold a place or wait for one."""
        return self._held + len(self._waiters)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place for the length of a `with` block."""
        await self._acquire()
        try:
            yield
        finally:
            with self._lock:
                self._held -= 1
            self.look()

    async def _acquire(self) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            if not self._waiters and self._held < self._limit(self._held + 1):
                self._held += 1
                return
            admitted: asyncio.Future[None] = loop.create_future()
            entry = (loop, admitted)
            self._waiters.append(entry)
        self.look()
        try:
            await admitted
        except asyncio.CancelledError:
            with self._lock:
                if entry in self._waiters:
                    self._waiters.remove(entry)
                else:
                    self._held -= 1  # the place had been given and goes to the next
            self.look()
            raise

    def look(self) -> None:
        """Admit as many waiters as the limit allows; to be called when the limit grew."""
        while True:
            with self._lock:
                if not self._waiters or self._held >= self._limit(self.wanted):
                    return
                loop, admitted = self._waiters.popleft()
                self._held += 1
            try:
                loop.call_soon_threadsafe(_admit, admitted)
            except RuntimeError:  # the waiter's loop is closed
                with self._lock:
                    self._held -= 1


def _admit(admitted: asyncio.Future[None]) -> None:
    with suppress(asyncio.InvalidStateError):
        admitted.set_result(None)
