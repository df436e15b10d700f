"""How a run is to go: the choices that do not depend on the workflow."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tracegraph.training.errors import TrainingError
from tracegraph.training.pool import STRATEGIES

if TYPE_CHECKING:
    from tracegraph.graph.recording import Flow


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run.

    Attributes:
        steps: the most steps of the search.
        patience: steps in a row without a candidate that looks better, before it ends.
        target: the score on training examples at which it ends.
        minibatch: training examples that a proposal is first tried on, failures first.
        probe: training examples that every promising candidate is scored on.
        alpha: the chance that a run accepts any change that is no better, at most.
        repeats: how often an example is run, for metrics that differ from time to time.
        concurrency: examples in flight.
        count: different proposals asked for at once.
        strategy: which candidate to improve: basic, beam, ucb, priority or pareto.
        approve: whether a person must approve an accepted change.
        timeout: seconds for one example.
        flow: "native" for workflows of plain values, "nodes" for those that pass nodes.
        seed: of everything that is drawn by lot.
    """

    steps: int = 12
    patience: int = 4
    target: float = 1.0
    minibatch: int = 12
    probe: int = 64
    alpha: float = 0.05
    repeats: int = 1
    concurrency: int = 32
    count: int = 2
    strategy: str = "beam"
    approve: bool = False
    timeout: float | None = None
    flow: Flow = "native"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "patience", "minibatch", "probe", "repeats", "concurrency", "count"):
            if getattr(self, name) < 1:
                raise TrainingError(f"{name}={getattr(self, name)}: it must be at least 1")
        if not 0 < self.alpha < 1:
            raise TrainingError(f"alpha={self.alpha}: an error rate is between 0 and 1")
        if self.strategy not in STRATEGIES:
            raise TrainingError(
                f"there is no strategy {self.strategy!r}; use {', '.join(STRATEGIES)}"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)
