"""Runs: what a command or a script did as one piece of work, and who is doing it."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tracegraph.runs.errors import RunTakenError, StoreError
from tracegraph.runs.ids import new_id
from tracegraph.runs.payload import encode
from tracegraph.runs.process import process_alive, process_start
from tracegraph.runs.store import Store
from tracegraph.runs.table import build, insert, where
from tracegraph.runs.writer import Pending

RunStatus = Literal["running", "finished", "failed", "stopped"]


def owner() -> str:
    """Return this process as `host:pid:start`, so that a reused pid is not taken for it."""
    return f"{socket.gethostname()}:{os.getpid()}:{process_start(os.getpid())}"


def _alive(who: str | None) -> bool:
    if who is None:
        return False
    host, pid, started = who.rsplit(":", 2)
    if host != socket.gethostname():
        return True  # not ours to judge
    return process_alive(int(pid), started)


@dataclass(slots=True)
class Run:
    """One piece of work. `started` and `finished` are Unix seconds."""

    kind: str
    name: str = ""
    parent: str | None = None
    status: RunStatus = "running"
    owner: str | None = field(default_factory=owner)
    started: float = field(default_factory=time.time)
    finished: float | None = None
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)

    @property
    def interrupted(self) -> bool:
        """Whether the run says that it is running while its process on this host is gone."""
        return self.status == "running" and not _alive(self.owner)


def start_run(store: Store, run: Run) -> Pending[int]:
    """Write a new run."""
    return store.write(lambda connection: insert(connection, "runs", run))


def finish_run(
    store: Store, id: str, status: RunStatus = "finished", summary: dict[str, Any] | None = None
) -> Pending[int]:
    """Mark a run as ended; a summary replaces the stored one."""
    values = [status, time.time(), None if summary is None else encode(summary), id]
    return store.execute(
        "UPDATE runs SET status = ?, finished = ?, owner = NULL, "
        "summary = coalesce(?, summary) WHERE id = ?",
        values,
    )


def take_run(store: Store, id: str) -> Pending[Run]:
    """Make this process the owner of an existing run, to resume it.

    Of several processes that try at once, one succeeds.

    Raises:
        RunTakenError: a living process owns the run.
        StoreError: there is no such run.
    """
    me = owner()

    def operation(connection: sqlite3.Connection) -> Run:
        rows = build(Run, connection.execute("SELECT * FROM runs WHERE id = ?", [id]).fetchall())
        if not rows:
            raise StoreError(f"there is no run {id} in the store")
        (run,) = rows
        if run.status == "running" and run.owner != me and _alive(run.owner):
            raise RunTakenError(f"run {id} is still going on ({run.owner}); stop it first")
        connection.execute(
            "UPDATE runs SET status = 'running', finished = NULL, owner = ? WHERE id = ?", [me, id]
        )
        run.status, run.owner, run.finished = "running", me, None
        return run

    return store.write(operation)


def get_run(store: Store, id: str) -> Run | None:
    """Return a run by its id, or None."""
    found = build(Run, store.fetch("SELECT * FROM runs WHERE id = ?", [id]))
    return found[0] if found else None


def list_runs(
    store: Store, *, kind: str | None = None, status: RunStatus | None = None, limit: int = 100
) -> list[Run]:
    """Return the newest runs first."""
    clause, values = where(kind=kind, status=status)
    rows = store.fetch(f"SELECT * FROM runs{clause} ORDER BY id DESC LIMIT ?", [*values, limit])
    return build(Run, rows)


def find_run(store: Store, name: str, *, kind: str | None = None) -> Run:
    """Return the run of an id, of the only id that begins so, or the newest for "last".

    Raises:
        StoreError: there is none, or several begin so.
    """
    if name == "last":
        found = list_runs(store, kind=kind, limit=1)
    else:
        clause, values = where(kind=kind)
        clause += (" AND" if clause else " WHERE") + " substr(id, 1, ?) = ?"
        rows = store.fetch(f"SELECT * FROM runs{clause} LIMIT 2", [*values, len(name), name])
        found = build(Run, rows)
    if len(found) == 1 and name:
        return found[0]
    what = "no run" if not found else "more than one run whose id begins with"
    raise StoreError(f"there is {what} {name!r} in {store.path}; `tracegraph history` lists them")
