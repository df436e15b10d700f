"""One row a model call."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tracegraph.runs.ids import new_id
from tracegraph.runs.store import Store
from tracegraph.runs.table import build, insert, where
from tracegraph.runs.writer import Pending

CallStatus = Literal["ok", "error", "cancelled", "refused"]


@dataclass(slots=True)
class Call:
    """A call of a model as it went: whose, what, how much, how long.

    `cost` is in dollars, `latency` and `started` in seconds. `payload` holds the request and
    the answer, with images by the hash of their blob.
    """

    model: str
    status: CallStatus
    request_hash: str
    kind: str = "chat"
    run: str | None = None
    node: str | None = None
    error: str | None = None
    cached: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    latency: float = 0.0
    attempts: int = 1
    started: float = field(default_factory=time.time)
    payload: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class CallTotals:
    """Sums over calls: tokens, dollars, seconds."""

    calls: int
    cached: int
    errors: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    seconds: float


def add_call(store: Store, call: Call) -> Pending[int]:
    """Write a call; once awaited it is durable."""
    return store.write(lambda connection: insert(connection, "calls", call))


def list_calls(
    store: Store,
    *,
    run: str | None = None,
    node: str | None = None,
    request_hash: str | None = None,
    status: CallStatus | None = None,
    limit: int = 1000,
) -> list[Call]:
    """Return calls in the order of their ids (time), at most `limit`."""
    clause, values = where(run=run, node=node, request_hash=request_hash, status=status)
    rows = store.fetch(f"SELECT * FROM calls{clause} ORDER BY id LIMIT ?", [*values, limit])
    return build(Call, rows)


def call_totals(store: Store, *, run: str | None = None) -> CallTotals:
    """Return what all calls (of one run) came to."""
    clause, values = where(run=run)
    (row,) = store.fetch(
        "SELECT count(*), coalesce(sum(cached), 0), coalesce(sum(status <> 'ok'), 0), "
        "coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0), "
        f"coalesce(sum(cost), 0.0), coalesce(sum(latency), 0.0) FROM calls{clause}",
        values,
    )
    return CallTotals(*row)
