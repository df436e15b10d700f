"""What a run found, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracegraph.models.budget import Amount
from tracegraph.optimizers.proposal import Applied, apply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracegraph.training.candidate import Candidate
    from tracegraph.training.proof import Proof
    from tracegraph.training.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Result:
    """The end of a run.

    Attributes:
        run: the run's id.
        seed, best: the values at the start, and those that passed every test.
        proof: both on the locked test split; None when the budget left nothing for it.
        stopped: why the search ended.
        steps, tests, accepted: how many there were.
        malformed: answers of models that had the wrong form.
        spent: by everything together.
        notes: what limits the result.
    """

    run: str
    workflow: Workflow
    seed: Candidate
    best: Candidate
    proof: Proof | None
    stopped: str
    steps: int
    tests: int
    accepted: int
    malformed: int
    spent: Amount
    notes: tuple[str, ...] = field(default=())

    @property
    def improved(self) -> bool:
        """Whether the best one is better than the seed on examples that no decision touched."""
        return (
            self.best.name != self.seed.name
            and self.proof is not None
            and self.proof.difference.mean > 0
        )

    @property
    def values(self) -> Mapping[str, Any]:
        """The values to use: the best ones when they are better, else those of the seed."""
        return self.best.values if self.improved else self.seed.values

    def apply(self) -> Applied:
        """Give the workflow's parameters these values; ``.undo()`` takes them back."""
        return apply(self.values, self.workflow.parameters)

    def summary(self) -> str:
        """Say in one line what came out."""
        if self.proof is None:
            return "nothing was proven: the budget ended before the test examples were run"
        before, after, change = self.proof.before, self.proof.after, self.proof.difference
        if self.best.name == self.seed.name:
            return f"no change was shown to be better; the seed scores {before} on the test split"
        if not self.improved:
            return (
                f"not better on the test split ({before} before, {after} after): the seed is kept"
            )
        clear = "" if change.low > 0 else "; the interval includes no change"
        if not self.proof.complete:
            clear += f"; {before.count} of {self.proof.planned} examples"
        return (
            f"test split: {before.mean:.3f} before, {after.mean:.3f} after; "
            f"{change.mean:+.3f} (95 %: {change.low:+.3f} to {change.high:+.3f}){clear}"
        )
