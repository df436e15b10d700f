"""KernelPool: kernels that were started before they are needed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from tracegraph.envs.notebook.kernel import Kernel, remove_stale
from tracegraph.envs.protocol import EnvError
from tracegraph.errors import MissingExtraError
from tracegraph.sandbox import Policy

# Loaded before the task is known; a kernel with these takes some 120 MB.
PRELOAD = ("numpy", "pandas", "matplotlib.pyplot")
_AT_ONCE = 2


class KernelPool:
    """Keeps ``size`` kernels ready and lends at most ``most`` at a time; who is late waits.

    Each kernel serves one episode and is then ended. To be used as an async context manager.
    """

    def __init__(
        self,
        size: int = 1,
        *,
        most: int = 8,
        preload: Sequence[str] = PRELOAD,
        policy: Policy | str = "notebook",
    ) -> None:
        if size < 0 or most < 1:
            raise ValueError("a pool keeps 0 or more kernels ready and lends 1 or more")
        self.most = most
        self._size, self._preload, self._policy = size, tuple(preload), Policy.load(policy)
        self._lent = asyncio.Semaphore(most)
        self._starts = asyncio.Semaphore(_AT_ONCE)
        self._ready: list[asyncio.Task[Kernel]] = []
        self._open = False

    async def __aenter__(self) -> KernelPool:
        _check_installed()
        await asyncio.to_thread(remove_stale)
        self._open = True
        self._fill()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the kernels that are not lent."""
        self._open = False
        ready, self._ready = self._ready, []
        for task in ready:
            if not task.done():
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, EnvError):
                await (await task).close()

    async def warm(self) -> None:
        """Wait until the kernels that are kept ready are ready."""
        await asyncio.gather(*self._ready)

    async def take(self) -> Kernel:
        """Return a kernel, a warm one where there is one; raises EnvError."""
        await self._lent.acquire()
        try:
            return await self._next()
        except BaseException:
            self._lent.release()
            raise

    async def give_back(self, kernel: Kernel) -> None:
        """End a kernel that was lent."""
        try:
            await kernel.close()
        finally:
            self._lent.release()

    async def replace(self, kernel: Kernel) -> Kernel:
        """End a kernel and return another one in its place.

        When none can be started, the place is free again and EnvError is raised.
        """
        try:
            await kernel.close()
            return await self._next()
        except BaseException:
            self._lent.release()
            raise

    async def _next(self) -> Kernel:
        if not self._open:
            raise EnvError("the pool of kernels is not open; use it in an async with statement")
        # A finished one first; a kernel that died while it waited is no good.
        for task in sorted(self._ready, key=lambda task: not task.done()):
            self._ready.remove(task)
            with contextlib.suppress(EnvError):
                kernel = await task
                if kernel.running:
                    self._fill()
                    return kernel
                await kernel.close()
        kernel = await self._start()
        self._fill()
        return kernel

    def _fill(self) -> None:
        while self._open and len(self._ready) < self._size:
            self._ready.append(asyncio.create_task(self._start()))

    async def _start(self) -> Kernel:
        async with self._starts:
            return await Kernel.start(self._policy, self._preload)


def _check_installed() -> None:
    import importlib.util

    for name in ("ipykernel", "jupyter_client", "nbformat"):
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError("notebook", name)
