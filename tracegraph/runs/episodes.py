"""One row an episode of an agent in an environment."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tracegraph.runs.ids import new_id
from tracegraph.runs.store import Store
from tracegraph.runs.table import build, insert, where
from tracegraph.runs.writer import Pending


@dataclass(slots=True)
class StoredEpisode:
    """An episode's outcome and reward; `payload` holds its turns, images by their blob's hash.

    `key` names the episode within its run (task, seed and replicate, say) and is written once.
    `started` and `finished` are Unix seconds.
    """

    run: str
    key: str
    agent: str
    env: str
    outcome: str
    task: str | None = None
    seed: int | None = None
    reward: float | None = None
    started: float = field(default_factory=time.time)
    finished: float = field(default_factory=time.time)
    payload: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)


def version_of(value: Any) -> str:
    """Return the short hash by which an episode's policy names a prompt or code."""
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:12]


def add_episode(store: Store, episode: StoredEpisode) -> Pending[bool]:
    """Write an episode unless its key is already there; the value says whether it was new."""

    def operation(connection: sqlite3.Connection) -> bool:
        before = connection.total_changes
        insert(connection, "episodes", episode, otherwise="IGNORE")
        return connection.total_changes > before

    return store.write(operation)


def list_episodes(
    store: Store,
    run: str | None = None,
    *,
    env: str | None = None,
    task: str | None = None,
    outcome: str | None = None,
    limit: int = 100_000,
) -> list[StoredEpisode]:
    """Return episodes, oldest first."""
    clause, values = where(run=run, env=env, task=task, outcome=outcome)
    rows = store.fetch(f"SELECT * FROM episodes{clause} ORDER BY id LIMIT ?", [*values, limit])
    return build(StoredEpisode, rows)


def find_episodes(store: Store, run: str, keys: Iterable[str]) -> dict[str, StoredEpisode]:
    """Return those of a run's episodes that have the keys, by key; a key without one is left out.

    However long the run is, only these rows are read.
    """
    rows = store.fetch(
        "SELECT * FROM episodes WHERE run = ? AND key IN (SELECT value FROM json_each(?))",
        [run, json.dumps(list(keys))],
    )
    return {row.key: row for row in build(StoredEpisode, rows)}
