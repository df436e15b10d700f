"""What an optimizer is: a function from what was recorded to proposals.

Optimizers keep nothing between steps: all that they may know is in the `Step`. So a run
can be stopped anywhere and goes on as if nothing had happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.optimizers.problem import Problem
    from tracegraph.optimizers.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate that was tried before.

    Attributes:
        id: the candidate's name.
        values: of all parameters.
        scores: by example, higher is better, from training examples only.
        parent: the candidate that it was made from; empty for the first.
        feedback: by example, what was said; may be shortened to a few.
        accepted: whether it passed the test against the best one of its time; None: not tested.
        problem: why it could not be evaluated, if so.
        optimizer: who proposed it; empty for the first.
    """

    id: str
    values: Mapping[str, Any]
    scores: Mapping[str, float]
    parent: str = ""
    feedback: Mapping[str, str] = field(default_factory=dict)
    accepted: bool | None = None
    problem: str = ""
    optimizer: str = ""

    @property
    def score(self) -> float | None:
        """The mean of its scores; None when there is none."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else None


@dataclass(frozen=True, slots=True)
class Step:
    """What an optimizer knows when it proposes.

    Attributes:
        parameters: all that may change, by name; their constraints count, not their values.
        values: of the candidate to improve, by name.
        problems: runs of that candidate on some training examples, with feedback; maybe none.
        records: its other runs, for those who learn from many or from successes.
        history: what was tried before, oldest first; the candidate to improve is among them.
        candidate: its name in the history.
        focus: the parameters to change, the most blamed first; empty: any.
        objective: what the workflow is for, in the user's words.
        seed: makes the proposal repeatable; another one at every step.
        count: how many different proposals are wanted.
        round: which of the rounds of this step it is, from 0; in the later ones, the last of the
            history come from this step.
    """

    parameters: Mapping[str, ParameterNode[Any]]
    values: Mapping[str, Any]
    problems: Sequence[Problem] = ()
    records: Sequence[Problem] = ()
    history: Sequence[Trial] = ()
    candidate: str = ""
    focus: Sequence[str] = ()
    objective: str = ""
    seed: int = 0
    count: int = 1
    round: int = 0

    @property
    def movable(self) -> list[str]:
        """The parameters in focus, or all where there is no focus, in order."""
        return [n for n in self.focus if n in self.parameters] or list(self.parameters)


class Optimizer(Protocol):
    """Proposes new values for parameters.

    Attributes:
        name: how it is called on the command line and in records.
        kinds: the kinds of parameters that it can change.
    """

    name: str
    kinds: frozenset[str]

    def rounds(self, step: Step) -> int:
        """Return how many times it wants to propose and see the scores before the next step.

        1 for models that read feedback, more for those that learn from scores alone, 0 where there
        is nothing that it could change. Asked once, with what is known at the beginning of the
        step.
        """

    async def propose(self, step: Step) -> list[Proposal]:
        """Return at most ``step.count`` proposals, the best first; none when it has no idea.

        When no answer could be used, one proposal without values says why, with what it took.

        Raises:
            BudgetExceeded: there is nothing left to ask a model with.
        """
