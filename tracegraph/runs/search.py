"""What an optimisation leaves behind: candidates, evaluations, proposals, decisions."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from tracegraph.runs.ids import new_id
from tracegraph.runs.payload import encode
from tracegraph.runs.store import Store
from tracegraph.runs.table import build, insert, where
from tracegraph.runs.writer import Pending


@dataclass(slots=True)
class Candidate:
    """One set of parameter values; `payload` holds them."""

    run: str
    parent: str | None = None
    status: str = "new"
    created: float = field(default_factory=time.time)
    payload: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)


@dataclass(slots=True)
class Evaluation:
    """The score of one candidate on one task.

    `key` names the piece of work within its run (candidate, task and replicate, say); it is
    written once, so a resumed run can ask for what is missing and repeat nothing.
    """

    run: str
    key: str
    outcome: str
    candidate: str | None = None
    task: str | None = None
    split: str | None = None
    score: float | None = None
    created: float = field(default_factory=time.time)
    payload: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)


@dataclass(slots=True)
class StoredProposal:
    """What an optimizer proposed, and from which candidate."""

    run: str
    optimizer: str
    candidate: str | None = None
    created: float = field(default_factory=time.time)
    payload: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)


@dataclass(slots=True)
class Decision:
    """Whether a proposal was kept, with the evidence in `payload`."""

    run: str
    verdict: Literal["accepted", "rejected", "undecided"]
    proposal: str | None = None
    candidate: str | None = None
    created: float = field(default_factory=time.time)
    payload: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=new_id)


def add_candidate(store: Store, candidate: Candidate) -> Pending[int]:
    """Write a candidate."""
    return store.write(lambda connection: insert(connection, "candidates", candidate))


def update_candidate(
    store: Store, id: str, *, status: str | None = None, payload: dict[str, Any] | None = None
) -> Pending[int]:
    """Change a candidate's status or payload."""
    values = [status, None if payload is None else encode(payload), id]
    return store.execute(
        "UPDATE candidates SET status = coalesce(?, status), payload = coalesce(?, payload) "
        "WHERE id = ?",
        values,
    )


def list_candidates(store: Store, run: str, *, status: str | None = None) -> list[Candidate]:
    """Return a run's candidates, oldest first."""
    clause, values = where(run=run, status=status)
    return build(Candidate, store.fetch(f"SELECT * FROM candidates{clause} ORDER BY id", values))


def add_evaluation(store: Store, evaluation: Evaluation) -> Pending[bool]:
    """Write an evaluation unless its key is already there; the value says whether it was new."""

    def operation(connection: sqlite3.Connection) -> bool:
        before = connection.total_changes
        insert(connection, "evaluations", evaluation, otherwise="IGNORE")
        return connection.total_changes > before

    return store.write(operation)


def list_evaluations(
    store: Store,
    run: str | None = None,
    *,
    candidate: str | None = None,
    task: str | None = None,
    split: str | None = None,
    outcome: str | None = None,
) -> list[Evaluation]:
    """Return evaluations, oldest first."""
    clause, values = where(run=run, candidate=candidate, task=task, split=split, outcome=outcome)
    rows = store.fetch(f"SELECT * FROM evaluations{clause} ORDER BY id", values)
    return build(Evaluation, rows)


def add_proposal(store: Store, proposal: StoredProposal) -> Pending[int]:
    """Write a proposal."""
    return store.write(lambda connection: insert(connection, "proposals", proposal))


def list_proposals(store: Store, run: str) -> list[StoredProposal]:
    """Return a run's proposals, oldest first."""
    rows = store.fetch("SELECT * FROM proposals WHERE run = ? ORDER BY id", [run])
    return build(StoredProposal, rows)


def add_decision(store: Store, decision: Decision) -> Pending[int]:
    """Write a decision."""
    return store.write(lambda connection: insert(connection, "decisions", decision))


def list_decisions(store: Store, run: str) -> list[Decision]:
    """Return a run's decisions, oldest first."""
    return build(Decision, store.fetch("SELECT * FROM decisions WHERE run = ? ORDER BY id", [run]))
