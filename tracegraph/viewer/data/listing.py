"""Runs for the list: who, what state, what score, what cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracegraph.runs import Run, Store
from tracegraph.runs.payload import decode
from tracegraph.runs.table import build
from tracegraph.training.telling import describe
from tracegraph.viewer.data.happened import like

SIZE = 25  # runs of a page
_ALIVE = ("running", "waiting", "interrupted")  # what "running" in the store may mean


@dataclass(frozen=True, slots=True)
class Listed:
    """A run in the list; `score` and `before` are means, None where nothing was scored."""

    run: Run
    state: str
    score: float | None
    before: float | None
    what: str
    done: int
    tokens: int
    cost: float


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list, and how many runs fit the search in all."""

    runs: Sequence[Listed]
    count: int


def list_page(store: Store, *, q: str, kind: str, state: str, start: int) -> Listing:
    """Return the newest runs that fit, from place `start` on."""
    clauses, values = [], list[object]()
    if q:
        clauses.append("(" + " OR ".join(f"{c} LIKE ? ESCAPE '\\'" for c in
                                         ("id", "name", "kind", "config")) + ")")  # fmt: skip
        values += [like(q)] * 4
    if kind:
        clauses.append("kind = ?")
        values.append(kind)
    if state:
        clauses.append("status = ?")
        values.append("running" if state in _ALIVE else state)
    where = " WHERE " + " AND ".join(clauses) if clauses else ""
    if state in _ALIVE:
        # Whether a process lives is known only here, so all that may fit are looked at.
        rows = build(Run, store.fetch(f"SELECT * FROM runs{where} ORDER BY id DESC", values))
        states = _states(store, rows)
        rows = [run for run in rows if states[run.id] == state]
        return Listing(_listed(store, rows[start : start + SIZE]), len(rows))
    (count,) = store.fetch(f"SELECT count(*) FROM runs{where}", values)[0]
    found = store.fetch(
        f"SELECT * FROM runs{where} ORDER BY id DESC LIMIT ? OFFSET ?", [*values, SIZE, start]
    )
    return Listing(_listed(store, build(Run, found)), count)


def kinds(store: Store) -> list[str]:
    """Return the kinds of runs that there are."""
    return [row[0] for row in store.fetch("SELECT DISTINCT kind FROM runs ORDER BY kind")]


def state_of(store: Store, run: Run) -> str:
    """Return what a run is doing: also waiting, for a person, and interrupted, by a kill."""
    return _states(store, [run])[run.id]


def _states(store: Store, rows: Sequence[Run]) -> dict[str, str]:
    waits = _of(store, rows, "SELECT run, payload FROM state WHERE name = 'pending' AND run", "")
    waiting = {row[0] for row in waits if decode(str(row[1]))}
    return {
        run.id: "interrupted" if run.interrupted
        else "waiting" if run.status == "running" and run.id in waiting
        else run.status
        for run in rows
    }  # fmt: skip


def _of(store: Store, rows: Sequence[Run], head: str, tail: str) -> list[tuple[object, ...]]:
    marks = ", ".join("?" * len(rows))
    found = store.fetch(f"{head} IN ({marks}) {tail}", [run.id for run in rows])
    return [tuple(row) for row in found]


def _listed(store: Store, rows: Sequence[Run]) -> list[Listed]:
    states = _states(store, rows)
    spent = {row[0]: row[1:] for row in _of(
        store, rows, "SELECT run, sum(prompt_tokens + completion_tokens), sum(cost) FROM calls "
        "WHERE run", "GROUP BY run")}  # fmt: skip
    proven = _of(store, rows, "SELECT run, payload FROM state WHERE name = 'proof' AND run", "")
    proofs = {row[0]: decode(str(row[1])) for row in proven}
    means = _of(
        store, rows, "SELECT run, candidate, avg(score), count(*) FROM evaluations "
        "WHERE split = 'train' AND run", "GROUP BY run, candidate")  # fmt: skip
    episodes = {row[0]: row[1:] for row in _of(
        store, rows, "SELECT run, count(*), avg(reward) FROM episodes WHERE run",
        "GROUP BY run")}  # fmt: skip
    counted = _of(
        store, rows, "SELECT run, count(*) FROM evaluations WHERE run", "GROUP BY run"
    )  # fmt: skip
    evaluated = {row[0]: row[1] for row in counted}
    last = {row[0]: (str(row[1]), decode(str(row[2]))) for row in _of(
        store, rows, "SELECT run, kind, payload FROM events WHERE id IN (SELECT max(id) FROM "
        "events WHERE run", "GROUP BY run)")}  # fmt: skip
    made = []
    for run in rows:
        before: float | None = None
        score: float | None = None
        if proof := proofs.get(run.id):
            before, score = proof["before"]["mean"], proof["after"]["mean"]
        elif mine := [row for row in means if row[0] == run.id and row[2] is not None]:
            whole = max(int(str(row[3])) for row in mine)
            score = max(float(str(row[2])) for row in mine if int(str(row[3])) * 2 > whole)
        elif run.id in episodes and episodes[run.id][1] is not None:
            score = float(str(episodes[run.id][1]))
        elif isinstance(run.summary.get("after"), float):
            before, score = run.summary.get("before"), run.summary["after"]  # of a training
        tokens, cost = spent.get(run.id, (0, 0.0))
        count, _ = episodes.get(run.id, (0, None))
        done = int(str(count)) or int(str(evaluated.get(run.id, 0)))
        kind, told = last.get(run.id, ("", {}))
        if kind.startswith("training "):
            done = int(told["step"])
        what = str(run.summary.get("error") or describe(kind, told)).strip()
        made.append(
            Listed(run, states[run.id], score, before, what, done,
                   int(str(tokens)), float(str(cost)))
        )  # fmt: skip
    return made
