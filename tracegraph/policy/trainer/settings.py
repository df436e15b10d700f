"""What a training depends on: all of it, so that the same settings give the same weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from tracegraph.policy.losses import Aggregation

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    Attributes:
        steps: steps at most.
        seed: of the adapter, the order of problems and all samples.
        problems: groups of a step.
        samples: completions of a group.
        epochs: updates from one batch of samples.
        rate: the learning rate, reached after ``warmup`` steps.
        rank: of the adapter.
        temperature: of samples.
        advantage: how samples of a group are compared.
        ratio: of tokens, or of whole sequences (GSPO).
        aggregation: how losses of tokens are averaged.
        low, high, dual: the clip; see `tracegraph.policy.ppo_clip`.
        cap: the largest weight that corrects from the sampler to the trainer.
        replay: whether a group in which everything failed gets an earlier success of its problem
            (ARPO). "on" works its log-probabilities out again with today's policy, as published;
            "corrected" keeps those that it was sampled with.
        sampler: where completions are sampled: in-process, or by vLLM servers.
        served: what these servers call the base model.
        rounds: how often groups are drawn for a step until enough vary; 1 keeps what there is.
        norm: gradients are scaled down to this length.
        every: steps between evaluations, and between checkpoints.
        patience: evaluations without a gain after which training stops.
        enough: training stops when the check problems reach this accuracy.
    """

    steps: int = 60
    seed: int = 0
    problems: int = 4
    samples: int = 8
    epochs: int = 1
    rate: float = 2e-4
    warmup: int = 2
    rank: int = 16
    temperature: float = 1.0
    advantage: Literal["grpo", "dr_grpo", "rloo"] = "grpo"
    ratio: Literal["token", "sequence"] = "token"
    aggregation: Aggregation = "token"
    low: float = 0.2
    high: float = 0.28
    dual: float | None = 3.0
    cap: float = 2.0
    replay: Literal["off", "on", "corrected"] = "off"
    sampler: Literal["in-process", "vllm"] = "in-process"
    served: str = "smollm2"
    rounds: int = 2
    norm: float = 1.0
    every: int = 5
    patience: int = 6
    enough: float = 0.95

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 1."""
        return self.rate * min(1.0, step / max(1, self.warmup))

    def to_json(self) -> dict[str, Any]:
        """Return the settings by name."""
        return asdict(self)
