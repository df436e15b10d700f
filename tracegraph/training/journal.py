"""What happens in a run, told to whoever follows it, here or in another process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tracegraph import runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracegraph.models.budget import Budget
    from tracegraph.training.evaluation import Evaluated
    from tracegraph.training.ledger import Ledger


class Journal:
    """Events of one run, each written once, also when the run is resumed and passes it again.

    Args:
        ledger: where events are kept.
        budget: its clock is kept with them.
        on_event: told of every event of this process.
    """

    def __init__(
        self,
        ledger: Ledger,
        budget: Budget,
        on_event: Callable[[str, dict[str, Any]], None] | None,
    ) -> None:
        self._ledger = ledger
        self._budget = budget
        self._on_event = on_event
        self._told = {
            _key(event.kind, event.payload)
            for event in runs.list_events(ledger.store, run=ledger.run, limit=1_000_000)
        }

    def tell(self, kind: str, **payload: Any) -> None:
        """Tell what happens, with what it has taken until now."""
        spent = self._budget.spent
        if self._on_event is not None:
            self._on_event(kind, payload)
        key = _key(kind, payload)
        if key in self._told:
            return
        self._told.add(key)
        took = {"tokens": spent.tokens, "dollars": spent.dollars, "seconds": spent.seconds}
        self._ledger.event(kind, **payload, spent=took)
        runs.save_state(self._ledger.store, self._ledger.run, "clock", spent.seconds)

    def evaluated(self, candidate: str, done: Evaluated) -> None:
        """Tell of an evaluation; its row is in the store already, unless nothing was learned."""
        if done.failed_to_run:
            self.tell("trouble", example=done.example, what=done.outcome, why=done.feedback)
        if self._on_event is not None:
            told = {"candidate": candidate, "example": done.example, "outcome": done.outcome}
            self._on_event("evaluated", {**told, "score": done.score})

    async def close(self) -> None:
        """Keep the clock, so that a resumed run goes on counting its seconds."""
        await self._ledger.keep_state("clock", self._budget.spent.seconds)


def _key(kind: str, payload: dict[str, Any] | None) -> str:
    told = {name: value for name, value in (payload or {}).items() if name != "spent"}
    return json.dumps([kind, told], sort_keys=True, default=str)
