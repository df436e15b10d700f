"""One thread that writes: everything that waits is committed together."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from tracegraph.runs.errors import StoreClosedError, StoreError

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]

# A batch is bounded so that another process gets its turn at the file.
_LARGEST_BATCH = 512


class Pending(Generic[T]):
    """A write on its way to the disk: `await` it, or ask for `.result()`; then it is durable."""

    __slots__ = ("_future",)

    def __init__(self, future: Future[T]) -> None:
        self._future = future

    def result(self, timeout: float | None = None) -> T:
        """Wait in this thread until the write is on disk, and return its value."""
        return self._future.result(timeout)

    def done(self) -> bool:
        """Whether the write has been committed or has failed."""
        return self._future.done()

    def __await__(self) -> Generator[Any, None, T]:
        # Shielded: giving up waiting does not take the write back.
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()


class _Job:
    __slots__ = ("future", "operation")

    def __init__(self, operation: Operation[Any]) -> None:
        self.operation = operation
        self.future: Future[Any] = Future()
        self.future.set_running_or_notify_cancel()


class Writer:
    """Runs write operations in one thread, many to a transaction.

    The cost of reaching the disk is paid once for all callers that wait at the same time, so a
    call can be durable when it returns and fifty callers are nearly as fast as one.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=_work, args=(connect, self._jobs), name="tracegraph-store", daemon=True
        )
        self._thread.start()

    def submit(self, operation: Operation[T]) -> Pending[T]:
        """Queue one operation; it sees those queued before it, and succeeds or fails alone."""
        job = _Job(operation)
        with self._lock:
            if self._closed:
                raise StoreClosedError("the run store is closed: open it again to write to it")
            self._jobs.put(job)
        return Pending(job.future)

    def stop(self) -> None:
        """Write what is queued, then end the thread; a second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()


def _work(connect: Callable[[], sqlite3.Connection], jobs: queue.SimpleQueue[_Job | None]) -> None:
    connection: sqlite3.Connection | None = None
    open_ = True
    while open_:
        batch: list[_Job] = []
        job = jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _LARGEST_BATCH:
                break
            try:
                job = jobs.get_nowait()
            except queue.Empty:
                break
        open_ = job is not None
        if not batch:
            continue
        try:
            connection = connection or connect()
            _commit(connection, batch)
        except BaseException as error:
            for waiting in batch:
                if not waiting.future.done():
                    waiting.future.set_exception(_explained(error))
    if connection is not None:
        connection.close()


def _commit(connection: sqlite3.Connection, batch: list[_Job]) -> None:
    results: list[tuple[_Job, Any, BaseException | None]] = []
    connection.execute("BEGIN IMMEDIATE")
    try:
        for job in batch:
            connection.execute("SAVEPOINT job")
            try:
                value = job.operation(connection)
            except BaseException as error:
                connection.execute("ROLLBACK TO job")
                results.append((job, None, error))
            else:
                results.append((job, value, None))
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    for job, value, failure in results:
        if failure is None:
            job.future.set_result(value)
        else:
            job.future.set_exception(_explained(failure))


def _explained(error: BaseException) -> BaseException:
    if not isinstance(error, sqlite3.Error):
        return error
    explained = StoreError(
        f"the run store could not be written ({error}); check the free space and the rights of "
        "its folder"
    )
    explained.__cause__ = error
    return explained
