"""The run store: one SQLite file a project, shared by threads and processes."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from tracegraph.runs.errors import StoreClosedError, StoreError
from tracegraph.runs.migrations import migrate
from tracegraph.runs.writer import Pending, Writer

T = TypeVar("T")

# How long one process waits for another one's transaction.
_BUSY_SECONDS = 60.0


def default_path() -> Path:
    """Return the project's store: $TRACEGRAPH_STORE, else `.tracegraph/runs.db` below here."""
    named = os.environ.get("TRACEGRAPH_STORE")
    return Path(named).expanduser() if named else Path(".tracegraph") / "runs.db"


class Store:
    """Runs, calls, candidates, evaluations, proposals, decisions, episodes and events.

    Safe to use from many threads and processes at once, and after a fork. A write returns a
    `Pending`; once awaited, it survives the death of this process and of the machine. The
    functions of `tracegraph.runs` write and read the tables; `write` and `fetch` are the ground
    they stand on.

    Args:
        path: the file; made with its folders when missing. None is `default_path()`.

    Raises:
        StoreError: the file cannot be made, is not a run store, or is of a newer version.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path if path is not None else default_path()).expanduser().absolute()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = _connect(self.path)
            try:
                migrate(connection)
            finally:
                connection.close()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{self.path} cannot be used as a run store ({error}); name another file, or "
                "set TRACEGRAPH_STORE"
            ) from error
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        path = self.path
        self._writer = Writer(lambda: _connect(path))
        # Runs when the store is dropped and at the end of the program: nothing queued is lost.
        self._end = weakref.finalize(self, _finish, self._writer, self._idle, self._pid)

    def _after_fork(self) -> None:
        # SQLite connections and threads do not cross a fork: the child starts its own and
        # leaves the parent's alone.
        if os.getpid() != self._pid:
            self._end.detach()
            self._begin()

    def write(self, operation: Callable[[sqlite3.Connection], T]) -> Pending[T]:
        """Run `operation` in the writer thread, in a transaction shared with other writes.

        An exception in it undoes this operation alone and comes out of the `Pending`.
        """
        self._after_fork()
        return self._writer.submit(operation)

    def execute(self, sql: str, values: Sequence[object] | dict[str, object] = ()) -> Pending[int]:
        """Write one statement; the value is the number of rows that it changed."""
        return self.write(lambda connection: connection.execute(sql, values).rowcount)

    def fetch(
        self, sql: str, values: Sequence[object] | dict[str, object] = ()
    ) -> list[sqlite3.Row]:
        """Read rows; sees every write that was waited for."""
        self._after_fork()
        try:
            with self._reader() as connection:
                rows: list[sqlite3.Row] = connection.execute(sql, values).fetchall()
                return rows
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} could not be read ({error})") from error

    async def afetch(
        self, sql: str, values: Sequence[object] | dict[str, object] = ()
    ) -> list[sqlite3.Row]:
        """Read rows in another thread, for reads that may take long."""
        return await asyncio.to_thread(self.fetch, sql, values)

    def flush(self) -> None:
        """Wait until everything written so far is on disk."""
        self.write(lambda _: None).result()

    def close(self) -> None:
        """Write what is queued and close the file; a second call does nothing."""
        self._after_fork()
        self._end()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return (Store, (str(self.path),))

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        if not self._end.alive:
            raise StoreClosedError(f"{self.path} is closed: open the store again to read it")
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or _connect(self.path)
        try:
            yield connection
        finally:
            with self._lock:
                kept = bool(self._end.alive)
                if kept:
                    self._idle.append(connection)
            if not kept:
                connection.close()


def _finish(writer: Writer, idle: list[sqlite3.Connection], pid: int) -> None:
    if os.getpid() != pid:
        return  # a fork's child that never used the store: these are its parent's
    writer.stop()
    while idle:
        with suppress(sqlite3.Error):
            idle.pop().close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        # The switch to WAL does not wait for others by itself.
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(0.02)
    # FULL: a commit reaches the disk, not only the system's memory; group commit pays for it.
    connection.execute("PRAGMA synchronous = FULL")
    return connection
