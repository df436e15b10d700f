"""Few-shot: successful runs become demonstrations in a prompt; no model is asked.

Source: Khattab et al. 2023, "DSPy", BootstrapFewShot with random search.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tracegraph.optimizers.checking import checked_for
from tracegraph.optimizers.demos import Demo, holds_demos, successes, varied, written
from tracegraph.optimizers.proposal import Proposal
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.stepping import Stepping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.optimizers.optimizer import Step

_KEPT = 0.7  # the part of the successes that each set but the first is chosen from


class FewShot(Stepping):
    """Fills parameters for demonstrations: lists, and texts whose name or description says so.

    A demonstration is what the call that got the parameter was given and returned in a run that
    went well; where earlier candidates failed on an example, it is more likely to be chosen.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        shots: how many demonstrations a set has.
        least: the score from which a run counts as a success.
        seed: makes the steps repeatable.
    """

    name = "fewshot"
    kinds = frozenset({"list", "text"})

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        shots: int = 4,
        least: float = 0.8,
        seed: int = 0,
    ) -> None:
        super().__init__(parameters, seed=seed)
        self.shots = shots
        self.least = least

    def rounds(self, step: Step) -> int:
        """Return 1, or 0 where no parameter that may move is for demonstrations."""
        movable = ((name, step.parameters[name]) for name in step.movable)
        return int(any(holds_demos(p.kind, name, p.description) for name, p in movable))

    async def propose(self, step: Step) -> list[Proposal]:
        """Return different sets of demonstrations; none where nothing succeeded yet."""
        made: list[Proposal] = []
        for number in range(3 * step.count):
            chance = random.Random(derive(step.seed, "demos", number))
            values, refused, sources = self._set(step, chance, whole=number == 0)
            fresh = values and all(values != proposal.values for proposal in made)
            if fresh:
                text = f"Demonstrations from successful runs: {', '.join(sources)}."
                made.append(Proposal(values, self.name, text, refused=refused))
            if len(made) == step.count:
                break
        return made

    def _set(
        self, step: Step, chance: random.Random, *, whole: bool
    ) -> tuple[dict[str, Any], dict[str, str], list[str]]:
        values: dict[str, Any] = {}
        refused: dict[str, str] = {}
        sources: list[str] = []
        for name in step.movable:
            parameter = step.parameters[name]
            if not holds_demos(parameter.kind, name, parameter.description):
                continue
            known = [*step.problems, *step.records]
            found = successes(known, name, self.least, hardness(step))
            if not whole and len(found) > 2:
                found = chance.sample(found, max(2, round(_KEPT * len(found))))
            chosen = varied(found, self.shots, chance)
            accepted, problems = self._fitting(step, name, chosen)
            values.update(accepted)
            refused.update(problems)
            if accepted:
                sources.extend(demo.example for demo in chosen if demo.example not in sources)
        return values, refused, sources

    def _fitting(
        self, step: Step, name: str, chosen: list[Demo]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the most of the demonstrations that the parameter's constraints allow."""
        refused: dict[str, str] = {}
        parameter = step.parameters[name]
        for size in range(len(chosen), 0, -1):
            value = written(chosen[:size], parameter.kind, step.values.get(name, parameter.data))
            accepted, refused = checked_for(step, {name: value})
            if not refused:
                return accepted, {}
        return {}, refused


def hardness(step: Step) -> Mapping[str, float]:
    """Return for each example, from 0 to 1, how badly the candidates so far did on it."""
    scores: dict[str, list[float]] = {}
    for trial in step.history:
        for example, score in trial.scores.items():
            scores.setdefault(example, []).append(score)
    return {
        example: min(max(1.0 - sum(found) / len(found), 0.0), 1.0)
        for example, found in scores.items()
    }
