"""Whether anything has changed, at the price of a few look-ups."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from tracegraph.runs import Store

_TABLES = ("calls", "candidates", "evaluations", "proposals", "decisions", "episodes")


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a page was made from: `event` is the last event, `text` differs with everything else."""

    event: int
    text: str


def pulse(store: Store, run: str | None) -> Pulse:
    """Return the pulse of a run, or of the whole store; it differs after every change."""
    if run is None:
        counts = ", ".join(f"(SELECT max(rowid) FROM {table})" for table in _TABLES)
        states = "(SELECT count(finished) || '/' || count(*) FROM runs)"
        last, values = "(SELECT max(id) FROM events)", list[object]()
    else:
        counts = ", ".join(f"(SELECT count(*) FROM {table} WHERE run = ?)" for table in _TABLES)
        states = (
            "(SELECT status || coalesce(finished, '') FROM runs WHERE id = ?), "
            "(SELECT max(updated) FROM state WHERE run = ?)"
        )
        last = "(SELECT max(id) FROM events WHERE run = ?)"
        values = [run] * (len(_TABLES) + 3)
    (row,) = store.fetch(f"SELECT {last}, {counts}, {states}", values)
    return Pulse(row[0] or 0, ".".join(str(value or 0) for value in row))


def changes_of_file(store: Store) -> tuple[int, int]:
    """Return a mark of the file that changes when anybody writes to it; it costs two stats."""
    found = [0, 0]
    for place, name in enumerate((store.path.name, f"{store.path.name}-wal")):
        with suppress(OSError):
            found[place] = store.path.with_name(name).stat().st_mtime_ns
    return found[0], found[1]
