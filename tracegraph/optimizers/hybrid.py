"""The default: each parameter goes to the optimizer that is good at its kind, under one history.

Numbers, choices and switches are searched; texts, code and lists are written by a model. Which
optimizer has the next turn is a bandit problem over the turns in the history (Thompson 1933, as
in Chapelle and Li 2011, "An Empirical Evaluation of Thompson Sampling"), in which the measured
blame is the prior. One that comes to nothing several times makes room for the next one.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tracegraph.optimizers.numeric import NumericOptimizer
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.stepping import Stepping
from tracegraph.optimizers.turns import turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.models.client import LLM
    from tracegraph.optimizers.optimizer import Optimizer, Step
    from tracegraph.optimizers.proposal import Proposal
    from tracegraph.optimizers.turns import Turn

# What was long ago says little about what helps now.
_REMEMBERED = 12


class HybridOptimizer(Stepping):
    """Numeric search and language models under one history.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        llm: a client, or a model's name, for the default ``text``.
        text: the optimizers of everything that is no number or choice; by default a playbook,
            few-shot demonstrations, and OptoPrime.
        numeric: the optimizer of numbers, choices and switches.
        patience: after how many turns without improvement an optimizer makes room.
        objective: what the workflow is for, in words.
        seed: makes the steps repeatable.
    """

    name = "hybrid"

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        llm: LLM | str | None = None,
        text: Sequence[Optimizer] | None = None,
        numeric: Optimizer | None = None,
        patience: int = 2,
        objective: str = "",
        seed: int = 0,
    ) -> None:
        super().__init__(parameters, objective=objective, seed=seed)
        self.numeric = NumericOptimizer() if numeric is None else numeric
        self.text = _for_text(llm) if text is None else list(text)
        self.patience = patience
        self.kinds = frozenset().union(*(one.kinds for one in (self.numeric, *self.text)))

    def rounds(self, step: Step) -> int:
        """Return how many rounds the optimizer whose turn it is wants."""
        ranked = self._ranked(step)
        return ranked[0][0].rounds(self._for(ranked[0][0], step)) if ranked else 1

    async def propose(self, step: Step) -> list[Proposal]:
        """Return what the optimizer whose turn it is proposes, or the next one if it has no idea.

        Raises:
            BudgetExceeded: there is nothing left to ask a model with.
        """
        useless: list[Proposal] = []
        for optimizer, why in self._ranked(step):
            made = await optimizer.propose(self._for(optimizer, step))
            useful = [replace(p, reasoning=_joined(why, p.reasoning)) for p in made if p]
            useless += [p for p in made if not p]
            if useful:
                # What the others took is charged to the first.
                useful[0] = replace(
                    useful[0],
                    tokens=useful[0].tokens + sum(p.tokens for p in useless),
                    malformed=useful[0].malformed + sum(p.malformed for p in useless),
                )
                return useful
        return useless[:1]

    def _for(self, optimizer: Optimizer, step: Step) -> Step:
        """Return the step as one of the optimizers sees it: only its own parameters move."""
        return replace(step, focus=self._own(optimizer, step))

    def _own(self, optimizer: Optimizer, step: Step) -> list[str]:
        kinds = optimizer.kinds
        if optimizer is not self.numeric:
            kinds = kinds - self.numeric.kinds
        # Those in focus first; the others may move when it has nothing in focus.
        focused = [n for n in step.movable if step.parameters[n].kind in kinds]
        return focused or [n for n, p in step.parameters.items() if p.kind in kinds]

    def _ranked(self, step: Step) -> list[tuple[Optimizer, str]]:
        """Return the optimizers that have something to move, with the reason of their rank."""
        wanted = {
            one.name: one.rounds(self._for(one, step))
            for one in (*self.text, self.numeric)
            if self._own(one, step)
        }
        usable = [one for one in (*self.text, self.numeric) if wanted.get(one.name)]
        if step.round and step.history:
            # A turn goes on with the optimizer that began it.
            begun = step.history[-1].optimizer
            if going_on := [(one, "") for one in usable if one.name == begun]:
                return going_on
        longest = {one.name: wanted[one.name] * step.count for one in usable}
        past = turns(step.history, longest)
        stuck = [one for one in usable if self._stuck(one, past)]
        rng = random.Random(derive(step.seed, self.name))
        draws = {one.name: self._draw(one, step, past, rng) for one in usable}
        had_a_turn = {turn.optimizer for turn in past}

        def rank(one: Optimizer) -> tuple[bool, float]:
            # At first everybody once, who can move the most blamed parameter before the others,
            # of equals in the order given; then by what came of it.
            known = one.name in had_a_turn
            return known, -draws[one.name] if known else self._place(one, step)

        free = sorted((one for one in usable if one not in stuck), key=rank)
        # When all are stuck, the one that waited longest.
        waiting = sorted(stuck, key=lambda one: _last(one, past))
        why = ""
        if stuck and len(usable) > 1:
            names = ", ".join(one.name for one in stuck)
            why = f"no improvement in {self.patience} turns by {names}"
        return [(one, self._reason(one, step, why)) for one in (*free, *waiting)]

    def _stuck(self, optimizer: Optimizer, past: Sequence[Turn]) -> bool:
        since = max((at + 1 for at, turn in enumerate(past) if turn.improved), default=0)
        return sum(turn.optimizer == optimizer.name for turn in past[since:]) >= self.patience

    def _draw(
        self, optimizer: Optimizer, step: Step, past: Sequence[Turn], rng: random.Random
    ) -> float:
        """Draw a chance of improvement from what is believed of it after its turns."""
        own = [turn.improved for turn in past if turn.optimizer == optimizer.name][-_REMEMBERED:]
        # Two imagined successes for who can move the most blamed parameter, less for the others.
        imagined = 2 / (1 + self._place(optimizer, step))
        return rng.betavariate(1 + sum(own) + imagined, 1 + len(own) - sum(own))

    def _place(self, optimizer: Optimizer, step: Step) -> int:
        """Return how many parameters are blamed more than any that an optimizer can move."""
        first = self._own(optimizer, step)[0]
        return step.movable.index(first) if first in step.movable else len(step.movable)

    def _reason(self, optimizer: Optimizer, step: Step, why: str) -> str:
        blamed = step.focus[0] if step.focus else ""
        turn = f"{optimizer.name}'s turn"
        if why:
            return f"{why}: {turn}"
        if blamed and blamed in self._own(optimizer, step):
            return f"{turn}, {blamed} being the most blamed"
        return turn


def _last(optimizer: Optimizer, past: Sequence[Turn]) -> int:
    return max((at for at, turn in enumerate(past) if turn.optimizer == optimizer.name), default=-1)


def _joined(why: str, reasoning: str) -> str:
    return f"{why}. {reasoning}" if why and reasoning else why or reasoning


def _for_text(llm: LLM | str | None) -> list[Optimizer]:
    from tracegraph.optimizers.fewshot import FewShot
    from tracegraph.optimizers.optoprime import OptoPrime
    from tracegraph.optimizers.playbook import Playbook

    # Those that ask no model first: they cost least.
    return [Playbook(), FewShot(), OptoPrime(llm=llm)]
