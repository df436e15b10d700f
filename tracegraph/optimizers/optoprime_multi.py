"""OptoPrimeMulti: several different suggestions, of which the best ones are proposed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.optimizers.answer import as_proposals
from tracegraph.optimizers.optoprime import OptoPrime
from tracegraph.optimizers.ranking import ranked, voted
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.variables import askable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.models.client import LLM
    from tracegraph.optimizers.optimizer import Step
    from tracegraph.optimizers.proposal import Proposal

_JUDGED = 6000  # characters of the problem that the judge sees


class OptoPrimeMulti(OptoPrime):
    """OptoPrime that samples several candidates at once and selects among those that differ.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        llm: a client, or a model's name; None is the default model.
        candidates: how many suggestions to sample.
        select: "rank": one call puts them in order; "vote": one call with several answers votes;
            "first": as they came, the greedy one first.
        options: those of OptoPrime.
    """

    name = "optoprime-multi"

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        llm: LLM | str | None = None,
        candidates: int = 4,
        select: Literal["rank", "vote", "first"] = "rank",
        **options: Any,
    ) -> None:
        super().__init__(parameters, llm=llm, **options)
        self.candidates = candidates
        self.select = select

    async def propose(self, step: Step) -> list[Proposal]:
        """Return the selected suggestions, the best first."""
        names = askable(step, self.kinds)
        if not names or not step.problems:
            return []
        wanted = max(self.candidates, step.count)
        answers = await self.answers(step, names, wanted)
        found = as_proposals(answers, self.name, wanted)
        if len(found) < 2 or self.select == "first":
            return found[: step.count]
        problem = self.text(step, names, _JUDGED, long=600).text
        judge = ranked if self.select == "rank" else voted
        order, tokens, malformed = await judge(
            self.llm, problem, found, seed=derive(step.seed, "select")
        )
        chosen = [found[i] for i in order[: step.count]]
        dropped = [found[i] for i in order[step.count :]]
        chosen[0] = replace(
            chosen[0],
            tokens=chosen[0].tokens + tokens + sum(p.tokens for p in dropped),
            malformed=chosen[0].malformed + malformed + sum(p.malformed for p in dropped),
        )
        return chosen
