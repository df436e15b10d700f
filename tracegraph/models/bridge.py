"""An event loop in a thread, for callers that are not asynchronous."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Bridge:
    """Runs coroutines in its own loop and thread, started at the first use.

    It works whether or not the calling thread has a running loop (which it then blocks), and
    keeps connections open from one call to the next.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in the caller's context; Ctrl-C cancels it.

        Raises:
            RuntimeError: the caller runs in this very loop, and would wait for itself.
        """
        if self._thread is threading.current_thread():
            work.close()
            raise RuntimeError("this is called by what it would wait for: use `await` instead")
        outcome, cancel = self._begin(work)
        try:
            return outcome.result()
        except BaseException:
            if not outcome.done():
                cancel()
            raise

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in this loop and wait for it in the caller's; cancelling passes on."""
        outcome, cancel = self._begin(work)
        try:
            return await asyncio.shield(asyncio.wrap_future(outcome))
        except asyncio.CancelledError:
            cancel()
            raise

    def _begin(self, work: Coroutine[Any, Any, T]) -> tuple[Future[T], Callable[[], None]]:
        loop = self._ready()
        context = contextvars.copy_context()
        outcome: Future[T] = Future()
        started: list[asyncio.Task[T]] = []

        def start() -> None:
            task = loop.create_task(work, context=context)
            started.append(task)
            task.add_done_callback(lambda task: _pass_on(task, outcome))

        def end() -> None:
            started[0].cancel()  # `start` was queued before: the task is there

        def cancel() -> None:
            with suppress(RuntimeError):  # the loop may have ended
                loop.call_soon_threadsafe(end)

        loop.call_soon_threadsafe(start)
        return outcome, cancel

    def _ready(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._pid != os.getpid():
                loop = asyncio.new_event_loop()
                thread = threading.Thread(
                    target=_run, args=(loop,), name="tracegraph-models", daemon=True
                )
                thread.start()
                self._loop, self._thread, self._pid = loop, thread, os.getpid()
                weakref.finalize(self, _stop, loop, thread, os.getpid())
            return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        # What libraries left running in the background ends here, not with a complaint later.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=2))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread, pid: int) -> None:
    if os.getpid() != pid or loop.is_closed():
        return
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(loop.stop)
    if threading.current_thread() is not thread:
        thread.join(5)


def _pass_on(task: asyncio.Task[T], outcome: Future[T]) -> None:
    if task.cancelled():
        outcome.set_exception(asyncio.CancelledError())
    elif (error := task.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())
