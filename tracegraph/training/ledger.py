"""What a run has done so far, on disk: looked up before anything is done again.

Every evaluation, proposal and decision is a row of the run store under a key that its place in
the run gives it. The loop itself is a function of seed and answers, so a run that was killed is
started again from the beginning, finds what it had, and goes on where it ended.
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from tracegraph import runs
from tracegraph.optimizers.proposal import Proposal
from tracegraph.runs.payload import encode
from tracegraph.runs.table import insert
from tracegraph.training.candidate import Candidate
from tracegraph.training.evaluation import Evaluated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.training.evaluation import Outcome


class Ledger:
    """The rows of one run.

    Args:
        store: the open run store.
        run: the run's id.
        parameters: the workflow's parameters: values read back become theirs again.
    """

    def __init__(
        self, store: runs.Store, run: str, parameters: Mapping[str, ParameterNode[Any]]
    ) -> None:
        self.store = store
        self.run = run
        self._parameters = parameters
        self.evaluations: dict[str, Evaluated] = {
            row.key: Evaluated(
                str(row.task), cast("Outcome", row.outcome), row.score, **row.payload
            )
            for row in runs.list_evaluations(store, run)
        }
        self._proposals: dict[str, list[Proposal]] = {}
        for stored in runs.list_proposals(store, run):
            kept = self._proposals.setdefault(stored.payload["place"], [])
            kept.extend(self._proposal(entry) for entry in stored.payload["proposals"])
        self._decisions = {row.payload["place"]: row for row in runs.list_decisions(store, run)}
        self._candidates = {row.id for row in runs.list_candidates(store, run)}

    # Evaluations

    def evaluation(self, candidate: str, example: str, repeat: int) -> Evaluated | None:
        """Return what a candidate did on an example, if it was tried."""
        return self.evaluations.get(_key(candidate, example, repeat))

    async def keep_evaluation(
        self, candidate: str, split: str, repeat: int, done: Evaluated
    ) -> None:
        """Write an evaluation that counts."""
        key = _key(candidate, done.example, repeat)
        payload = asdict(done)
        for column in ("example", "outcome", "score"):
            del payload[column]
        row = runs.Evaluation(
            self.run,
            key,
            done.outcome,
            candidate=self.row_id(candidate),
            task=done.example,
            split=split,
            score=done.score,
            payload=payload,
        )
        await runs.add_evaluation(self.store, row)
        self.evaluations[key] = done

    # Proposals

    def proposals(self, place: str) -> list[Proposal] | None:
        """Return what was proposed at a place of the run, if anybody was asked there."""
        return self._proposals.get(place)

    async def keep_proposals(
        self, place: str, candidate: str, optimizer: str, proposals: Sequence[Proposal]
    ) -> None:
        """Write what was proposed, also when it was nothing."""
        payload = {"place": place, "proposals": [p.to_json() for p in proposals]}
        await runs.add_proposal(
            self.store,
            runs.StoredProposal(self.run, optimizer, self.row_id(candidate), payload=payload),
        )
        self._proposals[place] = list(proposals)

    def _proposal(self, entry: dict[str, Any]) -> Proposal:
        values = {
            name: restored(self._parameters[name], value)
            for name, value in entry["values"].items()
            if name in self._parameters
        }
        return Proposal(**{**entry, "values": values, "parents": tuple(entry["parents"])})

    # Candidates and decisions

    async def keep_candidate(self, candidate: Candidate, step: int) -> None:
        """Write a candidate, once."""
        id = self.row_id(candidate.name)
        if id in self._candidates:
            return
        payload = {
            "name": candidate.name,
            "step": step,
            "values": dict(candidate.values),
            "optimizer": candidate.optimizer,
            "reasoning": candidate.reasoning,
        }
        parent = self.row_id(candidate.parent) if candidate.parent else None
        row = runs.Candidate(self.run, parent, payload=payload, id=id)
        await runs.add_candidate(self.store, row)
        self._candidates.add(id)

    async def mark(self, candidate: str, status: str) -> None:
        """Set a candidate's status: new, accepted, pending, rejected or best."""
        await runs.update_candidate(self.store, self.row_id(candidate), status=status)

    def decision(self, place: str) -> runs.Decision | None:
        """Return what was decided at a place of the run, if anything."""
        return self._decisions.get(place)

    async def keep_decision(
        self, place: str, candidate: str, verdict: str, evidence: dict[str, Any]
    ) -> None:
        """Write a decision and the candidate's new status, both or neither."""
        row = runs.Decision(
            self.run,
            verdict,  # type: ignore[arg-type]
            candidate=self.row_id(candidate),
            payload={"place": place, **evidence},
        )

        def operation(connection: sqlite3.Connection) -> None:
            insert(connection, "decisions", row)
            connection.execute(
                "UPDATE candidates SET status = ? WHERE id = ?", [verdict, self.row_id(candidate)]
            )

        await self.store.write(operation)
        self._decisions[place] = row

    # Anything else

    def state(self, name: str, default: Any = None) -> Any:
        """Return a value that was kept under a name."""
        return runs.load_state(self.store, self.run, name, default)

    async def keep_state(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        await runs.save_state(self.store, self.run, name, value)

    def event(self, kind: str, **payload: Any) -> None:
        """Tell whoever follows the run what happens; it need not be on disk to go on."""
        runs.add_event(self.store, kind, payload, run=self.run)

    def row_id(self, candidate: str) -> str:
        """Return the id of a candidate's row: names are unique in a run, ids in the store."""
        return f"{self.run}:{candidate}"


def restored(parameter: ParameterNode[Any], value: Any) -> Any:
    """Return a value that was read back from JSON as the parameter has it.

    Raises:
        ConstraintError: it is no longer allowed.
    """
    for constraint in parameter.constraints:
        # JSON has no tuples: a choice is found by what it is written as.
        for choice in getattr(constraint, "values", ()):
            if encode(choice) == encode(value):
                return choice
    return parameter.validate(value)


def _key(candidate: str, example: str, repeat: int) -> str:
    return f"{candidate}/{repeat}/{example}"
