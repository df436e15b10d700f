"""Events: what happened, in an order that a reader can follow live."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tracegraph.runs.payload import decode, encode
from tracegraph.runs.store import Store
from tracegraph.runs.table import build, where
from tracegraph.runs.writer import Pending


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ids grow in the order in which events became visible."""

    id: int
    run: str | None
    kind: str
    created: float
    payload: Any


def add_event(
    store: Store, kind: str, payload: object = None, *, run: str | None = None
) -> Pending[int]:
    """Write an event; the value is its id. It need not be awaited."""
    values = [run, kind, time.time(), encode(payload)]

    def operation(connection: sqlite3.Connection) -> int:
        cursor = connection.execute(
            "INSERT INTO events (run, kind, created, payload) VALUES (?, ?, ?, ?)", values
        )
        return cursor.lastrowid or 0

    return store.write(operation)


def list_events(
    store: Store,
    *,
    after: int = 0,
    run: str | None = None,
    kind: str | None = None,
    limit: int = 1000,
) -> list[Event]:
    """Return the events with an id above `after`, in order.

    Ids are given inside the write transaction and one transaction runs at a time, so no event
    with a smaller id can appear later: a reader that remembers the last id misses nothing.
    """
    clause, values = where(run=run, kind=kind)
    clause += (" AND" if clause else " WHERE") + " id > ?"
    rows = store.fetch(f"SELECT * FROM events{clause} ORDER BY id LIMIT ?", [*values, after, limit])
    return build(Event, rows)


def sample_events(store: Store, run: str, kind: str, most: int) -> list[Event]:
    """Return about `most` events of a kind, evenly chosen, with the first and the last one."""
    (row,) = store.fetch(
        "SELECT json_group_array(id) FROM "
        "(SELECT id FROM events WHERE run = ? AND kind = ? ORDER BY id)",
        [run, kind],
    )
    ids = decode(row[0])
    chosen = [*ids[:: 1 + len(ids) // most], *ids[-1:]]
    found = store.fetch(
        "SELECT * FROM events WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        [encode(chosen)],
    )
    return build(Event, found)


async def follow_events(
    store: Store, *, after: int = 0, run: str | None = None, every: float = 0.2
) -> AsyncIterator[Event]:
    """Yield the events after `after` and then new ones as they come, until cancelled.

    `every` is the pause between looks at the file, in seconds.
    """
    while True:
        found = await asyncio.to_thread(list_events, store, after=after, run=run)
        for event in found:
            after = event.id
            yield event
        if not found:
            await asyncio.sleep(every)
