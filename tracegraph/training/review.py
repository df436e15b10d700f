"""A stored run, read: what was tried, what was decided, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracegraph import runs
from tracegraph.runs.payload import encode
from tracegraph.training.errors import TrainingError
from tracegraph.training.gate import pending
from tracegraph.training.proof import Proof

_ALL = 1_000_000  # events of a run are few
_DRAWN = 400  # events of a kind


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate of a run.

    Attributes:
        parent: the name of the candidate that it was made from; empty for the seed.
        scores: the mean score by example, for each split.
        started: when it was made, in Unix seconds.
    """

    name: str
    parent: str
    step: int
    status: str
    values: Mapping[str, Any]
    optimizer: str
    reasoning: str
    started: float
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def mean(self, split: str) -> float | None:
        """Return the mean score on a split; None when it was not run there."""
        found = self.scores.get(split)
        return sum(found.values()) / len(found) if found else None


@dataclass(frozen=True, slots=True)
class Review:
    """One run of `tracegraph optimize`, or of a trainer, as it is in the store now.

    Attributes:
        candidates: by name, the seed first, in the order in which they were made.
        decisions, proposals, events: the rows, oldest first.
        waiting: the name of the candidate that waits for a person, if one does.
        proof: None as long as, or when, nothing was proven.
    """

    run: runs.Run
    candidates: Mapping[str, Tried]
    decisions: Sequence[runs.Decision]
    proposals: Sequence[runs.StoredProposal]
    events: Sequence[runs.Event]
    waiting: str
    proof: Proof | None

    @classmethod
    def of(cls, store: runs.Store, run: str, *, brief: bool = False) -> Review:
        """Read a run.

        Args:
            store: the open store.
            run: the run's id, the beginning of it, or "last".
            brief: of the events only those that drawings need, of many a part, and no
                proposals: takes as long for a long run as for a short one.

        Raises:
            TracegraphError: there is no such run, or it has not begun.
        """
        found = runs.find_run(store, run, kind="optimize")
        waits = pending(store, found.id)
        proof = runs.load_state(store, found.id, "proof")
        return cls(
            found,
            _candidates(store, found.id),
            runs.list_decisions(store, found.id),
            [] if brief else runs.list_proposals(store, found.id),
            _drawn(store, found.id) if brief else runs.list_events(store, run=found.id, limit=_ALL),
            str(waits["candidate"]) if waits else "",
            None if proof is None else Proof.from_json(proof),
        )

    @property
    def state(self) -> str:
        """What the run is doing: running, waiting, interrupted, finished, failed or stopped."""
        if self.run.interrupted:
            return "interrupted"
        return "waiting" if self.waiting and self.run.status == "running" else self.run.status

    @property
    def seed(self) -> Tried:
        """What the run started with.

        Raises:
            TrainingError: the run ended before it began.
        """
        for candidate in self.candidates.values():
            if not candidate.parent:
                return candidate
        raise TrainingError(f"run {self.run.id} has no candidates yet{_why(self.run)}")

    @property
    def winner(self) -> Tried:
        """The candidate that passed the last test; the seed when none did."""
        passed = [name_of(d.candidate) for d in self.decisions if d.verdict == "accepted"]
        return self.candidates[passed[-1]] if passed else self.seed

    @property
    def improved(self) -> bool:
        """Whether the winner is better than the seed on the locked examples."""
        return (
            self.winner.name != self.seed.name
            and self.proof is not None
            and self.proof.difference.mean > 0
        )

    @property
    def kinds(self) -> Mapping[str, str]:
        """The kind of each parameter, by name."""
        for event in self.events:
            if event.kind == "started":
                return dict(event.payload["parameters"])
        return {}

    def candidate(self, name: str) -> Tried:
        """Return a candidate by its name, the beginning of it, "seed" or "best".

        Raises:
            TrainingError: none or several are meant.
        """
        if name in ("seed", "best"):
            return self.seed if name == "seed" else self.winner
        found = [c for n, c in self.candidates.items() if n.startswith(name)]
        if len(found) != 1 or not name:
            raise TrainingError(
                f"{len(found) or 'no'} candidates of run {self.run.id} are called {name!r}; "
                f"`tracegraph history {self.run.id}` shows all {len(self.candidates)}"
            )
        return found[0]

    def proven(self) -> Tried:
        """Return the winner, if it is worth using.

        Raises:
            TrainingError: nothing was proven to be better.
        """
        if self.improved:
            return self.winner
        if self.winner.name == self.seed.name:
            why = "no change was shown to be better"
        elif self.proof is None:
            why = f"{self.winner.name} is not proven yet"
        else:
            why = f"{self.winner.name} was not better on the locked examples, so the seed is kept"
        raise TrainingError(
            f"run {self.run.id}: {why}; name a candidate of `tracegraph history {self.run.id}` to "
            "use it nevertheless"
        )

    def evidence(self, name: str) -> Mapping[str, Any] | None:
        """Return the evidence of the last test of a candidate; None when it was not tested."""
        found = [d.payload for d in self.decisions if name_of(d.candidate) == name]
        return found[-1] if found else None


def changed(before: Tried, after: Tried) -> dict[str, tuple[Any, Any]]:
    """Return (before, after) for each parameter that differs."""
    return {
        name: (before.values.get(name), value)
        for name, value in after.values.items()
        if encode(before.values.get(name)) != encode(value)
    }


def name_of(row: str | None) -> str:
    """Return the name of a candidate from the id of its row."""
    return (row or "").rpartition(":")[2]


def _drawn(store: runs.Store, run: str) -> list[runs.Event]:
    """Return the events that drawings need, at most some hundreds of a kind, evenly chosen."""
    kinds = ("started", "baseline", "step", "tried", "accepted")
    found = [event for kind in kinds for event in runs.sample_events(store, run, kind, _DRAWN)]
    return sorted(found, key=lambda event: event.id)


def _candidates(store: runs.Store, run: str) -> dict[str, Tried]:
    scores = _scores(store, run)
    rows = sorted(runs.list_candidates(store, run), key=lambda row: row.created)
    return {
        row.payload["name"]: Tried(
            row.payload["name"],
            name_of(row.parent),
            row.payload["step"],
            row.status,
            row.payload["values"],
            row.payload["optimizer"],
            row.payload["reasoning"],
            row.created,
            scores.get(row.payload["name"], {}),
        )
        for row in rows
    }


def _scores(store: runs.Store, run: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return the mean score by candidate, split and example, in the order of evaluations."""
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    # Without the payloads: the records of all examples are large.
    for candidate, split, task, score in store.fetch(
        "SELECT candidate, split, task, score FROM evaluations "
        "WHERE run = ? AND score IS NOT NULL ORDER BY id",
        [run],
    ):
        found.setdefault((candidate, split), {}).setdefault(task, []).append(score)
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for (candidate, split), by_task in found.items():
        means = {task: sum(each) / len(each) for task, each in by_task.items()}
        scores.setdefault(name_of(candidate), {})[split] = means
    return scores


def _why(run: runs.Run) -> str:
    if error := run.summary.get("error"):
        return f": it failed with {error}"
    return ": wait until it has begun" if run.status == "running" else ""
