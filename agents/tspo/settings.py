"""The settings of a training."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tracegraph.agents.tspo.laws import LogProb
from tracegraph.agents.tspo.schedule import Linear


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How a head is trained. The defaults suit the synthetic needles on a processor.

    The published values, for 768 features and a GPU: lr 5e-4, questions 2, group 8, frames 16,
    tau 0.025 to 0.01, window 12, and an answering model in place of the detector.

    Attributes:
        steps: of the optimizer.
        questions: a step.
        group: rollouts a question, G of the paper.
        frames: chosen in a rollout, T_s; half as many for comprehensive questions, as released.
        comprehensive: share of the questions that are about the whole video, rewarded by
            R_A + 1; the others are needles.
        lr: of Adam, from and to.
        tau: temperature of the scores, from and to.
        law: which log-probability; see `LogProb`.
        answer_weight, temporal_weight: of R_A and R_T.
        heads, window: of the attention.
        clip_norm: of the gradient; 0 does not clip.
        seed: of weights, questions and draws.
        eval_every: steps between measurements on held-out questions; each also saves.
        eval_questions: how many.
    """

    steps: int = 600
    questions: int = 16
    group: int = 8
    frames: int = 8
    comprehensive: float = 0.0
    lr: Linear = field(default_factory=lambda: Linear(2e-3, 2e-4))
    tau: Linear = field(default_factory=lambda: Linear(0.1, 0.03))
    law: LogProb = "mean_softmax"
    answer_weight: float = 1.0
    temporal_weight: float = 1.0
    heads: int = 8
    window: int = 12
    clip_norm: float = 1.0
    seed: int = 0
    eval_every: int = 50
    eval_questions: int = 72

    def told(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return asdict(self)
