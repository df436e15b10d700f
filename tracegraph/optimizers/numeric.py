"""Numbers, choices and switches by search: no model, no tokens, only scores.

The study is made anew from the history at each step, so it can be stopped and resumed anywhere.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import TYPE_CHECKING, Any, Literal

from tracegraph.errors import TracegraphError
from tracegraph.optimizers.proposal import Proposal, checked
from tracegraph.optimizers.sampling.gaussian import GaussianSampler
from tracegraph.optimizers.sampling.history import best_values, observe, tried
from tracegraph.optimizers.sampling.space import Space
from tracegraph.optimizers.sampling.tpe import TPESampler
from tracegraph.optimizers.sampling.uniform import UniformSampler
from tracegraph.optimizers.stepping import Stepping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tracegraph.graph.module import ParameterContainer
    from tracegraph.graph.parameter import ParameterNode
    from tracegraph.optimizers.optimizer import Step
    from tracegraph.optimizers.sampling.sampler import Observation, Sampler
    from tracegraph.optimizers.sampling.space import Point

_SAMPLERS = {"gp": GaussianSampler, "tpe": TPESampler, "random": UniformSampler}
# How many points of the sampler, and then at random, are looked at for one that is new.
_LOOKED_AT = 30
_DRAWN = 200


class NumericOptimizer(Stepping):
    """Searches numbers, choices and switches from the scores of earlier trials.

    Args:
        parameters: what may change, to step by hand; None for a trainer.
        sampler: "gp" (a Gaussian process: better than the others in docs/benchmarks.md), "tpe"
            (Parzen estimators, by Optuna: ten times faster), "random", or an object that is a
            Sampler.
        when: parameters that matter only when others have certain values:
            ``{"depth": {"model": "tree"}, "width": {"model": ["net", "wide net"]}}``.
        per_step: how many times in one step it proposes and wants to see the scores.
        seed: makes the steps repeatable.

    Raises:
        TracegraphError: there is no such sampler.
    """

    name = "numeric"
    kinds = frozenset({"int", "float", "choice", "bool"})

    def __init__(
        self,
        parameters: Iterable[ParameterNode[Any]] | ParameterContainer | None = None,
        *,
        sampler: Literal["gp", "tpe", "random"] | Sampler = "gp",
        when: Mapping[str, Mapping[str, Any]] | None = None,
        per_step: int = 12,
        seed: int = 0,
    ) -> None:
        super().__init__(parameters, seed=seed)
        if isinstance(sampler, str):
            if sampler not in _SAMPLERS:
                names = ", ".join(_SAMPLERS)
                raise TracegraphError(f"there is no sampler {sampler!r}: use one of {names}")
            self.sampler: Sampler = _SAMPLERS[sampler]()
        else:
            self.sampler = sampler
        self.when = dict(when or {})
        self.per_step = per_step

    def rounds(self, step: Step) -> int:
        """Return how many points it wants to try before the next step."""
        return self.per_step

    async def propose(self, step: Step) -> list[Proposal]:
        """Return points that were not tried before; empty when there are none left.

        Raises:
            MissingExtraError: the sampler needs a package that is not installed.
            ParameterError: ``when`` makes no sense for these parameters.
        """
        return await asyncio.to_thread(self._propose, step)

    def _propose(self, step: Step) -> list[Proposal]:
        moving = [name for name in step.movable if step.parameters[name].kind in self.kinds]
        space = Space.of(
            step.parameters,
            moving,
            {**step.values, **best_values(step.history, step.values, moving)},
            [trial.values for trial in step.history],
            self.when,
        )
        if not space.dimensions:
            return []
        observed, pending = observe(space, step.history, step.values)
        taken = tried(space, step.history, step.values)
        if (current := space.encode(step.values)) is not None:
            taken.add(current)
        rng = random.Random(f"{step.seed} {len(step.history)}")
        proposals: list[Proposal] = []
        while len(proposals) < step.count:
            made = self._first_new(step, space, observed, pending, taken, rng)
            if made is None:
                break
            point, values = made
            taken.add(point)
            pending.append(point)
            proposals.append(Proposal(values, self.name, _reason(values, step, observed)))
        return proposals

    def _first_new(
        self,
        step: Step,
        space: Space,
        observed: Sequence[Observation],
        pending: Sequence[Point],
        taken: set[Point],
        rng: random.Random,
    ) -> tuple[Point, dict[str, Any]] | None:
        """Return a point that was not taken and what it changes; None when there is none."""
        sampled = itertools.islice(self.sampler.points(space, observed, pending, rng), _LOOKED_AT)
        drawn = (space.draw(rng) for _ in range(_DRAWN))
        rest: Iterator[Point] = space.every(rng) if space.finite else iter(())
        for point in itertools.chain(sampled, drawn, rest):
            if point in taken:
                continue
            values, refused = checked(space.decode(point), step.parameters, step.values)
            # A projection may have moved it to one that was taken.
            accepted = space.encode({**step.values, **values})
            if values and not refused and accepted is not None and accepted not in taken:
                return accepted, values
        return None


def _reason(values: Mapping[str, Any], step: Step, observed: Sequence[Observation]) -> str:
    shown = ", ".join(
        f"{name}: {step.values.get(name)!r} -> {value!r}" for name, value in values.items()
    )
    return f"{shown}; {len(observed)} points have scores"
