"""The events of a run, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracegraph.runs import Event, Store
from tracegraph.runs.table import build

SIZE = 50  # events of a page


@dataclass(frozen=True, slots=True)
class Happened:
    """Events, the newest first; whether there are newer and older ones that fit."""

    events: Sequence[Event]
    newer: bool
    older: bool


def events_page(
    store: Store, run: str, *, q: str, kind: str, before: int = 0, after: int = 0
) -> Happened:
    """Return the newest events, or those next below `before`, or next above `after`."""
    clause, values = "run = ?", list[object]([run])
    if kind:
        clause += " AND kind = ?"
        values.append(kind)
    if q:
        clause += " AND payload LIKE ? ESCAPE '\\'"
        values.append(like(q))
    bound = " AND id > ?" if after else " AND id < ?" if before else ""
    order = "ASC" if after else "DESC"
    found = store.fetch(
        f"SELECT * FROM events WHERE {clause}{bound} ORDER BY id {order} LIMIT ?",
        [*values, *([after or before] if bound else []), SIZE + 1],
    )
    more = len(found) > SIZE
    events = build(Event, found[:SIZE])
    if after:
        return Happened(events[::-1], more, True)
    return Happened(events, bool(before), more)


def like(text: str) -> str:
    """Return the pattern of LIKE for what holds a text, in any case."""
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return f"%{text}%"


def kinds_of_events(store: Store, run: str) -> dict[str, int]:
    """Return how many events there are of each kind."""
    rows = store.fetch("SELECT kind, count(*) FROM events WHERE run = ? GROUP BY kind", [run])
    return {row[0]: row[1] for row in rows}
