"""What a history of trials says about points in a space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracegraph.graph.export.values import stable_repr
from tracegraph.optimizers.sampling.sampler import Observation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tracegraph.optimizers.optimizer import Trial
    from tracegraph.optimizers.sampling.space import Point, Space

# How many scores the belief counts for that an example is as hard as the others.
_PRIOR_SCORES = 0.5
_SWEEPS = 12


def observe(
    space: Space, history: Sequence[Trial], values: Mapping[str, Any]
) -> tuple[list[Observation], list[Point]]:
    """Return (the points with scores, the points that were tried without one).

    Trials whose other values differ from ``values`` count too, moved by the difference that the
    other values make, when some point was tried with both; otherwise they say nothing about
    this space. Failed trials count like the worst one: it is worth looking elsewhere.
    """
    names = {dimension.name for dimension in space.dimensions}
    here = _others(values, names)
    scores = comparable(history)
    groups: dict[tuple[tuple[str, str], ...], dict[Point, list[float]]] = {}
    failed: list[Point] = []
    for trial in history:
        point = space.encode(trial.values)
        if point is None:
            continue
        others = _others(trial.values, names)
        score = scores.get(trial.id)
        if score is not None:
            groups.setdefault(others, {}).setdefault(point, []).append(score)
        elif others == here:
            failed.append(point)
    own = groups.pop(here, {})
    observed = [Observation(p, _mean(found)) for p, found in own.items()]
    for foreign in groups.values():
        both = own.keys() & foreign.keys()
        if both:
            shift = _mean([_mean(own[p]) - _mean(foreign[p]) for p in both])
            observed += [
                Observation(p, _mean(found) + shift) for p, found in foreign.items() if p not in own
            ]
    pending = list(dict.fromkeys(p for p in failed if p not in own))
    if observed:
        worst = min(each.score for each in observed)
        observed += [Observation(p, worst) for p in pending]
        pending = []
    return observed, pending


def tried(space: Space, history: Sequence[Trial], values: Mapping[str, Any]) -> set[Point]:
    """Return the points that were tried together with these other values, scored or not."""
    names = {dimension.name for dimension in space.dimensions}
    here = _others(values, names)
    points = (space.encode(t.values) for t in history if _others(t.values, names) == here)
    return {point for point in points if point is not None}


def best_values(
    history: Sequence[Trial], values: Mapping[str, Any], moving: Collection[str]
) -> Mapping[str, Any]:
    """Return the best values that were tried with the same other values, else ``values``."""
    here = _others(values, moving)
    scores = comparable(history)
    found = [t for t in history if t.id in scores and _others(t.values, moving) == here]
    return max(found, key=lambda trial: scores[trial.id]).values if found else values


def comparable(history: Sequence[Trial]) -> dict[str, float]:
    """Return each trial's score as if all had been scored on the same examples.

    Least squares for score = trial + example, the examples' part drawn towards zero; where all
    trials have the same examples, or share none, it is close to the plain mean.
    """
    scored = [trial for trial in history if trial.scores]
    means = {trial.id: _mean(list(trial.scores.values())) for trial in scored}
    if len({frozenset(trial.scores) for trial in scored}) < 2:
        return means
    of_trial = dict(means)
    for _ in range(_SWEEPS):
        rest: dict[str, list[float]] = {}
        for trial in scored:
            for example, score in trial.scores.items():
                rest.setdefault(example, []).append(score - of_trial[trial.id])
        of_example = {e: sum(r) / (len(r) + _PRIOR_SCORES) for e, r in rest.items()}
        for trial in scored:
            adjusted = [s - of_example[e] for e, s in trial.scores.items()]
            of_trial[trial.id] = _mean(adjusted)
    return of_trial


def _others(values: Mapping[str, Any], names: Collection[str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((n, stable_repr(v)) for n, v in values.items() if n not in names))


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
