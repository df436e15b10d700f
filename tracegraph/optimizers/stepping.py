"""The familiar face of an optimizer: ``zero_feedback()``, ``backward(…)``, ``step()``.

Under it is the protocol: the feedback that reached the parameters becomes problems, the problems
a `Step`, and what the optimizer proposes is applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracegraph.errors import TracegraphError
from tracegraph.graph.errors import ParameterError
from tracegraph.graph.module import ParameterContainer
from tracegraph.models.bridge import Bridge
from tracegraph.optimizers.optimizer import Step, Trial
from tracegraph.optimizers.problem import Problem
from tracegraph.optimizers.proposal import Applied, apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tracegraph.graph.feedback import Feedback
    from tracegraph.graph.node import Node
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.optimizers.proposal import Proposal


class Stepping:
    """The base of optimizers.

    With parameters it can be stepped by hand; a trainer needs none of that, and calls
    ``propose``, which keeps nothing.

        optimizer = OptoPrime([prompt], llm=LLM())
        answer = run(question)
        optimizer.zero_feedback()
        optimizer.backward(answer, "too long")
        optimizer.step()

    Args:
        parameters: what may change: parameters, or a module that holds some.
        objective: what the workflow is for, in words.
        seed: makes the steps repeatable.
    """

    name: str
    kinds: frozenset[str]

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        objective: str = "",
        seed: int = 0,
    ) -> None:
        if isinstance(parameters, ParameterContainer):
            parameters = parameters.parameters()
        self.parameters = by_name(parameters or ())
        self.objective = objective
        self.seed = seed
        self.history: list[Trial] = []
        self.proposal: Proposal | None = None
        self._applied = Applied({})
        self._bridge = Bridge()

    def rounds(self, step: Step) -> int:
        """Return 1: it learns from feedback."""
        return 1

    async def propose(self, step: Step) -> list[Proposal]:
        """Return proposals, the best first; see `tracegraph.optimizers.Optimizer`."""
        raise NotImplementedError

    # Stepping by hand

    def zero_feedback(self) -> None:
        """Forget the feedback that reached the parameters."""
        for parameter in self.parameters.values():
            parameter.zero_feedback()

    def backward(
        self,
        output: Node[Any],
        feedback: Any = "",
        *,
        score: float | Mapping[str, float] | None = None,
    ) -> Feedback:
        """Send feedback on an output, as ``output.backward`` does."""
        sent: Feedback = output.backward(feedback, score=score)
        return sent

    def problems(self) -> list[Problem]:
        """Return the problems of the feedback that reached the parameters, oldest first."""
        sent: dict[int, Feedback] = {}
        for parameter in self.parameters.values():
            sent.update({id(each): each for each in parameter.feedback})
        return [
            Problem.of(each.subgraph(), parameters=self.parameters, example=str(i))
            for i, each in enumerate(sent.values(), 1)
        ]

    async def astep(self, problems: Sequence[Problem] | None = None) -> dict[str, Any]:
        """Propose, apply the first proposal, and return the new values; empty for no change.

        Args:
            problems: instead of those of the feedback that reached the parameters.

        Raises:
            TracegraphError: there are no parameters.
        """
        if not self.parameters:
            raise TracegraphError(
                f"{type(self).__name__} has no parameters to step: give it some, as in "
                f"{type(self).__name__}([prompt], …)"
            )
        found = self.problems() if problems is None else list(problems)
        values = {name: parameter.data for name, parameter in self.parameters.items()}
        trial = Trial(
            str(len(self.history)),
            values,
            {p.example: p.score for p in found if p.score is not None},
            parent=self.history[-1].id if self.history else "",
            feedback={p.example: p.feedback for p in found},
        )
        step = Step(
            self.parameters,
            values,
            found,
            history=(*self.history, trial),
            candidate=trial.id,
            objective=self.objective,
            seed=self.seed + len(self.history),
        )
        proposals = await self.propose(step)
        self.history.append(trial)
        self.proposal = proposals[0] if proposals else None
        chosen = dict(self.proposal.values) if self.proposal else {}
        self._applied = apply(chosen, self.parameters)
        return chosen

    def step(self, problems: Sequence[Problem] | None = None) -> dict[str, Any]:
        """Do `astep` for callers without ``await``."""
        return self._bridge.run(self.astep(problems))

    def undo(self) -> None:
        """Put back what the last step changed."""
        self._applied.undo()
        self._applied = Applied({})


def by_name(parameters: Iterable[ParameterNode[Any]]) -> dict[str, ParameterNode[Any]]:
    """Return parameters by name.

    Raises:
        ParameterError: two have the same name.
    """
    found: dict[str, ParameterNode[Any]] = {}
    for parameter in parameters:
        if found.setdefault(parameter.name, parameter) is not parameter:
            raise ParameterError(
                f"two parameters are called {parameter.name}: give each a name of its own"
            )
    return found
