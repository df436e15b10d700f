"""Which episodes there are: filters, counts, pages; payloads are read for one page only."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracegraph.errors import TracegraphError
from tracegraph.runs import Store, StoredEpisode
from tracegraph.viewer.episodes.words import Words

PAGE = 50
ORDERS = {
    "newest": "e.id DESC",
    "oldest": "e.id",
    "reward down": "e.reward DESC, e.id DESC",
    "reward up": "e.reward IS NULL, e.reward, e.id DESC",
    "longest": "e.finished - e.started DESC",
}
_FIELDS = ("run", "agent", "env", "outcome", "task")
_MANY = 2000  # found by words: going through all is faster than looking up each


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; empty fields do not restrict.

    Attributes:
        q: words that the task, the messages or the actions hold.
        run, agent, env, outcome, task: equal to the columns.
        least, most: of the reward, both included.
        order: a key of ``ORDERS``.
        page: from 1.
    """

    q: str = ""
    run: str = ""
    agent: str = ""
    env: str = ""
    outcome: str = ""
    task: str = ""
    least: float | None = None
    most: float | None = None
    order: str = "newest"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filter:
        """Return the filter of an address."""
        order, number = query.get("order", ""), query.get("page", "")
        return cls(
            q=query.get("q", "").strip(),
            run=query.get("run", ""),
            agent=query.get("agent", ""),
            env=query.get("env", ""),
            outcome=query.get("outcome", ""),
            task=query.get("task", ""),
            least=_number(query.get("least", "")),
            most=_number(query.get("most", "")),
            order=order if order in ORDERS else "newest",
            page=max(1, int(number)) if number.isdecimal() and len(number) < 9 else 1,
        )

    def query(self, **changes: object) -> dict[str, str]:
        """Return the fields that differ from nothing, with changes."""
        told = {name: getattr(self, name) for name in self.__slots__} | changes
        left_out = ("", None, "newest")
        return {
            name: str(value)
            for name, value in told.items()
            if value not in left_out and not (name == "page" and value == 1)
        }


@dataclass(frozen=True, slots=True)
class Brief:
    """An episode as a row of the list."""

    row: StoredEpisode
    turns: int
    tokens: int
    about: str
    told: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the list, and what all that was found comes to.

    Attributes:
        rows: of the page.
        total: how many were found.
        mean: of their rewards; None without.
        outcomes: how many of each.
        searched: how many episodes the index of words holds so far, of ``known``.
    """

    rows: list[Brief]
    total: int
    mean: float | None
    outcomes: dict[str, int]
    searched: int = 0
    known: int = 0


@dataclass(slots=True)
class Choices:
    """The values that columns have, with how often."""

    run: Counter[str] = field(default_factory=Counter)
    agent: Counter[str] = field(default_factory=Counter)
    env: Counter[str] = field(default_factory=Counter)
    outcome: Counter[str] = field(default_factory=Counter)


def find(store: Store, wanted: Filter, words: Words) -> Found:
    """Return a page of the episodes that a filter lets through."""
    clauses, values = _clauses(wanted)
    searched = known = 0
    if wanted.q:
        places, searched, known = words.find(wanted.q)
        # The plus keeps SQLite from looking up each row of the table, payload and all.
        column = "+e.rowid" if len(places) > _MANY else "e.rowid"
        clauses.append(f"{column} IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(places))
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    sums = store.fetch(
        "SELECT e.outcome, count(*), sum(e.reward), count(e.reward) FROM episodes e"
        f"{where} GROUP BY e.outcome ORDER BY 2 DESC",
        values,
    )
    total = sum(row[1] for row in sums)
    rated = sum(row[3] for row in sums)
    ids = store.fetch(
        f"SELECT e.id FROM episodes e{where} ORDER BY {ORDERS[wanted.order]} LIMIT ? OFFSET ?",
        [*values, PAGE, (wanted.page - 1) * PAGE],
    )
    # Whole rows only now: sorting would carry all payloads along.
    read = store.fetch(
        "SELECT * FROM episodes WHERE id IN (SELECT value FROM json_each(?))",
        [json.dumps([row[0] for row in ids])],
    )
    rows = {row["id"]: row for row in read}
    return Found(
        [brief(stored(rows[row[0]])) for row in ids],
        total,
        sum(row[2] or 0.0 for row in sums) / rated if rated else None,
        {row[0]: row[1] for row in sums},
        searched,
        known,
    )


def choices(store: Store) -> Choices:
    """Return what can be chosen in the filter."""
    made = Choices()
    rows = store.fetch(
        "SELECT run, agent, env, outcome, count(*) FROM episodes GROUP BY run, agent, env, outcome"
    )
    for run, agent, env, outcome, count in rows:
        made.run[run] += count
        made.agent[agent] += count
        made.env[env] += count
        made.outcome[outcome] += count
    return made


def one(store: Store, id: str) -> StoredEpisode:
    """Return an episode by the id of its row.

    Raises:
        TracegraphError: there is none.
    """
    rows = store.fetch("SELECT * FROM episodes WHERE id = ?", [id])
    if not rows:
        raise TracegraphError(f"there is no episode {id!r} in {store.path}")
    return stored(rows[0])


def beside(store: Store, row: StoredEpisode) -> tuple[str | None, str | None]:
    """Return the ids of the episodes of the same run before and after one."""
    before = store.fetch("SELECT max(id) FROM episodes WHERE run = ? AND id < ?", [row.run, row.id])
    after = store.fetch("SELECT min(id) FROM episodes WHERE run = ? AND id > ?", [row.run, row.id])
    return before[0][0], after[0][0]


def stored(row: Any) -> StoredEpisode:
    """Return the episode of a row of the table; a payload that is no object counts as empty."""
    told = {name: row[name] for name in row.keys()}  # noqa: SIM118
    try:
        payload = json.loads(told["payload"])
    except ValueError:
        payload = {}
    return StoredEpisode(**{**told, "payload": payload if isinstance(payload, dict) else {}})


def brief(row: StoredEpisode) -> Brief:
    """Return what the list tells of an episode."""
    turns = [turn for turn in row.payload.get("turns") or [] if isinstance(turn, dict)]
    tokens = sum(_count(t, "prompt_tokens") + _count(t, "completion_tokens") for t in turns)
    told = row.payload.get("error") or row.payload.get("answer") or row.payload.get("feedback")
    return Brief(row, len(turns), tokens, question(row, turns), str(told or ""))


def question(row: StoredEpisode, turns: list[dict[str, Any]]) -> str:
    """Return what the episode was about, as far as its record tells."""
    extra = row.payload.get("extra")
    if isinstance(extra, dict) and isinstance(extra.get("instruction"), str):
        return str(extra["instruction"])
    for turn in turns:
        for message in turn.get("messages") or []:
            if isinstance(message, dict) and message.get("role") == "user":
                return str(message.get("content") or "")
    return ""


def _count(turn: dict[str, Any], name: str) -> int:
    value = turn.get(name)
    return value if isinstance(value, int) else 0


def _clauses(wanted: Filter) -> tuple[list[str], list[object]]:
    clauses, values = [], []
    for name in _FIELDS:
        if value := getattr(wanted, name):
            clauses.append(f"e.{name} = ?")
            values.append(value)
    for sign, limit in ((">=", wanted.least), ("<=", wanted.most)):
        if limit is not None:
            clauses.append(f"e.reward {sign} ?")
            values.append(limit)
    return clauses, values


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
