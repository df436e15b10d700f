"""Named state of a run, for resuming; and blobs, named by their hash."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from typing import Any

from tracegraph.runs.payload import decode, encode
from tracegraph.runs.store import Store
from tracegraph.runs.writer import Pending


def save_state(store: Store, run: str, name: str, payload: object) -> Pending[int]:
    """Write the state `name` of a run, in place of the one before."""
    return store.execute(
        "INSERT INTO state (run, name, updated, payload) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET updated = excluded.updated, payload = excluded.payload",
        [run, name, time.time(), encode(payload)],
    )


def load_state(store: Store, run: str, name: str, default: Any = None) -> Any:
    """Return the last written state `name` of a run, or `default`."""
    rows = store.fetch("SELECT payload FROM state WHERE run = ? AND name = ?", [run, name])
    return decode(rows[0][0]) if rows else default


def blob_hash(data: bytes) -> str:
    """Return the name under which `add_blob` keeps these bytes: their SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def add_blob(store: Store, data: bytes, media_type: str) -> Pending[str]:
    """Write bytes once, whoever brings them; the value is their hash."""
    name = blob_hash(data)

    def operation(connection: sqlite3.Connection) -> str:
        connection.execute(
            "INSERT OR IGNORE INTO blobs (hash, media_type, created, data) VALUES (?, ?, ?, ?)",
            [name, media_type, time.time(), data],
        )
        return name

    return store.write(operation)


def get_blob(store: Store, name: str) -> tuple[bytes, str] | None:
    """Return the bytes of a hash and their media type, or None."""
    rows = store.fetch("SELECT data, media_type FROM blobs WHERE hash = ?", [name])
    return (bytes(rows[0][0]), str(rows[0][1])) if rows else None
