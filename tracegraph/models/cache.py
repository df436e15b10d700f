"""Answers that were given before, in one SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tracegraph.models.errors import ModelError
from tracegraph.models.paths import cache_dir
from tracegraph.runs.payload import decode, encode
from tracegraph.runs.writer import Writer

_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
  hash TEXT PRIMARY KEY, size INTEGER NOT NULL, used REAL NOT NULL, answer TEXT NOT NULL
) STRICT"""
_INDEX = "CREATE INDEX IF NOT EXISTS answers_by_use ON answers(used)"

Entry = dict[str, Any]


class Cache:
    """Keeps answers by the hash of their request; only successes, and up to a size.

    Equal requests at the same time are asked once, and all get the one answer. Processes may
    share the file. Only repeatable requests are kept (greedy decoding, or a seed), so that
    several samples of one prompt stay several; `sampled=True` keeps the others too.

    Args:
        path: the SQLite file; None is `answers.db` in the user's cache folder.
        max_bytes: when the answers grow beyond this, the longest unused go.
        sampled: whether to keep answers to requests that are not repeatable.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        max_bytes: int = 1 << 30,
        sampled: bool = False,
    ) -> None:
        self.path = Path(path) if path is not None else cache_dir() / "answers.db"
        self.max_bytes = max_bytes
        self.sampled = sampled
        self._flights: dict[str, Future[Entry]] = {}
        self._lock = threading.Lock()
        file = self.path.expanduser().absolute()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._reader = _connect(file)
        except (OSError, sqlite3.Error) as error:
            raise ModelError(f"{file} cannot be used as a cache: {error}") from error
        self._writer = Writer(lambda: _connect(file))

    async def through(self, hash: str, ask: Callable[[], Awaitable[Entry]]) -> tuple[Entry, bool]:
        """Return the answer of a hash, asked for at most once, and whether it was known.

        When the asking fails, all who wait for it get the error; when it is cancelled, one of
        the others asks again.
        """
        while True:
            found = self.get(hash)
            if found is not None:
                return found, True
            with self._lock:
                flight = self._flights.get(hash)
                if flight is None:
                    own: Future[Entry] = Future()
                    self._flights[hash] = own
            if flight is None:
                return await self._lead(hash, own, ask), False
            try:
                return await asyncio.shield(asyncio.wrap_future(flight)), True
            except asyncio.CancelledError:
                if not flight.cancelled():
                    raise

    async def _lead(
        self, hash: str, flight: Future[Entry], ask: Callable[[], Awaitable[Entry]]
    ) -> Entry:
        try:
            entry = await ask()
            # On disk before the flight ends: who comes later finds it there.
            await self.put(hash, entry)
        except asyncio.CancelledError:
            self._land(hash)
            flight.cancel()
            raise
        except BaseException as error:
            self._land(hash)
            flight.set_exception(error)
            raise
        self._land(hash)
        flight.set_result(entry)
        return entry

    def _land(self, hash: str) -> None:
        with self._lock:
            del self._flights[hash]

    def get(self, hash: str) -> Entry | None:
        """Return a kept answer, or None."""
        with self._lock:
            row = self._reader.execute(
                "SELECT answer FROM answers WHERE hash = ?", [hash]
            ).fetchone()
        if row is None:
            return None
        now = time.time()
        self._writer.submit(
            lambda c: c.execute("UPDATE answers SET used = ? WHERE hash = ?", [now, hash]).rowcount
        )
        entry: Entry = decode(row[0])
        return entry

    async def put(self, hash: str, entry: Entry) -> None:
        """Keep an answer, and let the longest unused go when there are too many."""
        text = encode(entry)
        limit = self.max_bytes

        def operation(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
                [hash, len(text), time.time(), text],
            )
            (total,) = connection.execute("SELECT sum(size) FROM answers").fetchone()
            while total > limit:
                oldest = connection.execute(
                    "SELECT hash, size FROM answers ORDER BY used LIMIT 100"
                ).fetchall()
                for name, size in oldest:
                    if total <= limit:
                        break
                    connection.execute("DELETE FROM answers WHERE hash = ?", [name])
                    total -= size

        await self._writer.submit(operation)

    def clear(self) -> None:
        """Forget all answers."""
        self._writer.submit(lambda c: c.execute("DELETE FROM answers").rowcount).result()

    def __len__(self) -> int:
        with self._lock:
            (count,) = self._reader.execute("SELECT count(*) FROM answers").fetchone()
        return int(count)

    def close(self) -> None:
        """Write what is queued and close the file."""
        self._writer.stop()
        with self._lock:
            self._reader.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "PRAGMA synchronous = NORMAL"
    )  # an answer lost to a power cut is asked again
    connection.execute(_TABLE)
    connection.execute(_INDEX)
    return connection
