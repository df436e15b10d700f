"""Optimise anything with one objective: a function of values, higher or lower is better."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tracegraph.models.bridge import Bridge
from tracegraph.models.errors import BudgetExceeded
from tracegraph.optimizers.optimizer import Step, Trial
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.seeds import derive
from tracegraph.optimizers.stepping import by_name
from tracegraph.training.errors import TrainingError
from tracegraph.training.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.optimizers.optimizer import Optimizer
    from tracegraph.optimizers.problem import Problem
    from tracegraph.optimizers.proposal import Proposal
    from tracegraph.training.objective import Direction, Function

__all__ = ["search", "search_sync", "SearchResult"]

# Steps in a row in which nothing new was proposed, before the search gives up.
_IDLE = 5


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Attributes:
        best: the best trial; where none could be scored, the first one.
        trials: all of them, in order; scores are higher for better, whatever the direction.
        proposals: those that were tried, by the trial's name.
        direction: of the objective.
        ended: why it ended: "trials", "exhausted" (nothing new to propose) or "budget".
    """

    best: Trial
    trials: tuple[Trial, ...]
    proposals: Mapping[str, Proposal]
    direction: Direction
    ended: str

    @property
    def values(self) -> Mapping[str, Any]:
        """The best values, by parameter."""
        return self.best.values

    @property
    def value(self) -> float | None:
        """What the objective was for the best values; None when no trial could be scored."""
        return self.value_of(self.best)

    def value_of(self, trial: Trial) -> float | None:
        """Return what the objective was in a trial; None where it failed."""
        score = trial.score
        return score if score is None or self.direction == "maximize" else -score


async def search(
    objective: Function,
    parameters: Iterable[ParameterNode[Any]],
    optimizer: Optimizer,
    *,
    trials: int,
    direction: Direction = "maximize",
    about: str = "",
    seed: int = 0,
    count: int = 1,
    repeats: int = 1,
    on_trial: Callable[[Trial], object] = lambda trial: None,
) -> SearchResult:
    """Try values until ``trials`` were tried; the parameters themselves do not change.

    Functions that read the parameters, and trainable functions, see the tried values while the
    objective runs; it is recorded, so that models are shown what it called. An objective that
    raises, or returns no finite number, has failed: the trial has no score.

    Args:
        objective: of the values by name; returns a number, or a number and what to say about it;
            asynchronous or not.
        parameters: what may change.
        optimizer: who proposes.
        trials: how many values to try, the first ones included.
        direction: whether a higher or a lower number is better.
        about: what the objective measures, in words, for models; by default its docstring.
        seed: of everything that is drawn by lot.
        count: how many different values are asked for at once, and tried side by side: an
            objective that is not asynchronous then runs in threads.
        repeats: how often the objective is asked for each trial, for one that is noisy. With 1,
            values that come again are not tried again.
        on_trial: told of each trial.

    Raises:
        ParameterError: two parameters have the same name.
        TrainingError: ``trials`` or ``count`` or ``repeats`` is not positive.
    """
    for name, number in (("trials", trials), ("count", count), ("repeats", repeats)):
        if number < 1:
            raise TrainingError(f"{name}={number}: it must be at least 1")
    goal = Objective(
        objective, by_name(parameters), direction, about or inspect.getdoc(objective) or "",
        repeats, threads=count > 1,
    )  # fmt: skip
    return await _Search(goal, optimizer, seed, count, on_trial).run(trials)


def search_sync(
    objective: Function,
    parameters: Iterable[ParameterNode[Any]],
    optimizer: Optimizer,
    *,
    trials: int,
    **options: Any,
) -> SearchResult:
    """Do `search`, with its options, for callers without ``await``."""
    return Bridge().run(search(objective, parameters, optimizer, trials=trials, **options))


@dataclass(slots=True)
class _Search:
    objective: Objective
    optimizer: Optimizer
    seed: int
    count: int
    on_trial: Callable[[Trial], object]
    history: list[Trial] = field(default_factory=list)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)

    async def run(self, trials: int) -> SearchResult:
        await self._try("", [({n: p.data for n, p in self.objective.parameters.items()}, None)])
        ended, idle = "trials", 0
        while len(self.history) < trials:
            try:
                idle = 0 if await self._step(trials) else idle + 1
            except BudgetExceeded:
                ended = "budget"
                break
            if idle == _IDLE:
                ended = "exhausted"
                break
        return SearchResult(
            self._best(), tuple(self.history), self.proposals, self.objective.direction, ended
        )

    async def _step(self, trials: int) -> bool:
        """Do the rounds of one step; return whether something new was tried."""
        fresh = False
        rounds, at = 1, 0
        while at < rounds and len(self.history) < trials:
            step = self._next(trials, at)
            if at == 0:
                rounds = self.optimizer.rounds(step)
            proposals = [p for p in await self.optimizer.propose(step) if p][: step.count]
            if not proposals:
                break
            wanted = [({**step.values, **p.values}, p) for p in proposals]
            fresh = await self._try(step.candidate, wanted) or fresh
            at += 1
        return fresh

    def _next(self, trials: int, at: int) -> Step:
        best = self._best()
        return Step(
            self.objective.parameters,
            best.values,
            problems=self.problems[best.id],
            history=tuple(self.history),
            candidate=best.id,
            objective=self.objective.text,
            seed=derive(self.seed, len(self.history)),
            count=min(self.count, trials - len(self.history)),
            round=at,
        )

    async def _try(
        self, parent: str, wanted: Sequence[tuple[dict[str, Any], Proposal | None]]
    ) -> bool:
        """Try values side by side; return whether some were new."""
        names = [f"t{len(self.history) + place:03}" for place in range(len(wanted))]
        known = {_key(trial.values): trial for trial in self.history}
        if self.objective.repeats > 1:
            known = {}
        new = [(n, v) for n, (v, _) in zip(names, wanted, strict=True) if _key(v) not in known]
        done = await asyncio.gather(*(self.objective.trial(name, values) for name, values in new))
        made = {trial.id: (trial, problems) for trial, problems in done}
        for name, (values, proposal) in zip(names, wanted, strict=True):
            if name in made:
                trial, self.problems[name] = made[name]
            else:
                before = known[_key(values)]
                trial, self.problems[name] = replace(before, id=name), self.problems[before.id]
            self._keep(replace(trial, parent=parent), proposal)
        return bool(new)

    def _keep(self, trial: Trial, proposal: Proposal | None) -> None:
        if proposal:
            self.proposals[trial.id] = proposal
            best = self._best().score
            better = trial.score is not None and (best is None or trial.score > best)
            trial = replace(trial, accepted=better, optimizer=proposal.optimizer)
        self.history.append(trial)
        self.on_trial(trial)

    def _best(self) -> Trial:
        scored = [trial for trial in self.history if trial.score is not None]
        return max(scored, key=lambda trial: trial.score or 0.0) if scored else self.history[0]


def _key(values: Mapping[str, Any]) -> str:
    return as_text(sorted((name, as_text(value)) for name, value in values.items()))
