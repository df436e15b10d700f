"""What a run has done and taken so far."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracegraph.runs import CallTotals, Run, Store, call_totals, sample_events

_POINTS = 240  # of a curve


@dataclass(frozen=True, slots=True)
class Numbers:
    """Sums of a run; `seconds` is the time since its start, or that it took."""

    calls: CallTotals
    evaluations: int
    candidates: int
    steps: int
    outcomes: Mapping[str, int]
    rewards: Sequence[float]
    seconds: float

    @property
    def tokens(self) -> int:
        """Tokens of all prompts and answers."""
        return self.calls.prompt_tokens + self.calls.completion_tokens


def numbers(store: Store, run: Run) -> Numbers:
    """Return the numbers of a run."""
    ((evaluations, candidates, steps),) = store.fetch(
        "SELECT (SELECT count(*) FROM evaluations WHERE run = :run), "
        "(SELECT count(*) FROM candidates WHERE run = :run), "
        "(SELECT count(*) FROM events WHERE run = :run AND kind = 'step')",
        {"run": run.id},
    )
    judged = store.fetch("SELECT outcome, reward FROM episodes WHERE run = ? ORDER BY id", [run.id])
    outcomes: dict[str, int] = {}
    for row in judged:
        outcomes[row[0]] = outcomes.get(row[0], 0) + 1
    return Numbers(
        call_totals(store, run=run.id), evaluations, candidates, steps, outcomes,
        [row[1] for row in judged if row[1] is not None],
        (run.finished or time.time()) - run.started,
    )  # fmt: skip


def tokens_by_step(store: Store, run: str) -> list[tuple[float, float]]:
    """Return (step, tokens so far), at most some hundreds, evenly chosen."""
    found = [event.payload for event in sample_events(store, run, "step", _POINTS)]
    return [
        (float(told["number"]), float(told["spent"]["tokens"]))
        for told in found
        if told.get("spent")
    ]
