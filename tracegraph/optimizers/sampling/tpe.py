"""Tree-structured Parzen estimators, by Optuna.

Source: Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"; multivariate as in
Falkner et al. 2018, "BOHB". The study is made anew from what was observed, at each call.
"""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

from tracegraph.errors import MissingExtraError
from tracegraph.optimizers.sampling.sampler import spread

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from tracegraph.optimizers.sampling.dimension import Dimension
    from tracegraph.optimizers.sampling.sampler import Observation
    from tracegraph.optimizers.sampling.space import Point, Space

_STUDY = "tracegraph"


class TPESampler:
    """Models good and bad points apart, and draws where the good ones are likelier.

    Args:
        startup: how many points are spread evenly before there is a model.
    """

    def __init__(self, startup: int = 10) -> None:
        self.startup = startup

    def points(
        self,
        space: Space,
        observed: Sequence[Observation],
        pending: Sequence[Point],
        rng: random.Random,
    ) -> Iterator[Point]:
        """Yield draws of the estimator; evenly spread points while little was observed.

        Raises:
            MissingExtraError: Optuna is not installed.
        """
        study = _study(space, rng.getrandbits(32))
        if len(observed) + len(pending) < self.startup:
            yield from spread(space, [*(o.point for o in observed), *pending], rng)
        _tell(study, space, observed, pending)
        while True:
            trial = study.ask()
            drawn: list[float | None] = []
            for place, dimension in enumerate(space.dimensions):
                matters = space.matters(place, drawn)
                drawn.append(_suggested(trial, dimension) if matters else None)
            yield space.snapped(drawn)


def _study(space: Space, seed: int) -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("numeric", "optuna") from error
    # Optuna announces every new study to people; ours live for milliseconds.
    logging.getLogger("optuna.storages._in_memory").addFilter(_not_ours)
    with warnings.catch_warnings():
        # "group" and, in Optuna 4, "multivariate" and "constant_liar" count as experimental.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=1, seed=seed, multivariate=True, group=space.conditional,
            constant_liar=True,
        )  # fmt: skip
    return optuna.create_study(study_name=_STUDY, sampler=sampler, direction="maximize")


def _not_ours(record: logging.LogRecord) -> bool:
    return not record.getMessage().endswith(f"with name: {_STUDY}")


def _tell(
    study: Any, space: Space, observed: Sequence[Observation], pending: Sequence[Point]
) -> None:
    from optuna.trial import TrialState, create_trial

    known: list[tuple[Point, float | None]] = [(each.point, each.score) for each in observed]
    known += [(point, None) for point in pending]
    distributions = {d.name: _distribution(d) for d in space.dimensions}
    for point, score in known:
        active = {
            dimension.name: _told(dimension, coordinate)
            for dimension, coordinate in zip(space.dimensions, point, strict=True)
            if coordinate is not None
        }
        study.add_trial(
            create_trial(
                state=TrialState.RUNNING if score is None else TrialState.COMPLETE,
                params=active,
                distributions={name: distributions[name] for name in active},
                value=score,
            )
        )


def _distribution(dimension: Dimension) -> Any:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if dimension.categorical:
        return CategoricalDistribution(range(dimension.size or 1))
    if dimension.size is not None and dimension.even:
        return IntDistribution(0, dimension.size - 1)
    return FloatDistribution(0.0, 1.0)


def _told(dimension: Dimension, coordinate: float) -> float | int:
    if dimension.categorical:
        return int(coordinate)
    if dimension.size is not None and dimension.even:
        return round(coordinate * (dimension.size - 1))
    return coordinate


def _suggested(trial: Any, dimension: Dimension) -> float:
    distribution = _distribution(dimension)
    if dimension.categorical:
        return float(trial.suggest_categorical(dimension.name, distribution.choices))
    if dimension.size is not None and dimension.even:
        return dimension.at(trial.suggest_int(dimension.name, 0, distribution.high))
    return float(trial.suggest_float(dimension.name, 0.0, 1.0))
