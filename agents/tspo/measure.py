"""Measure selectors on needle questions that the detector answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracegraph.agents.tspo.data import NeedleSet
from tracegraph.agents.tspo.selectors.base import Candidates, Selector
from tracegraph.envs.video.metrics import precision_at_k, recall_at_k, span_recall


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over questions.

    Attributes:
        precision: share of chosen frames in the target.
        recall: share of the target's frames that were chosen.
        span_recall: share of the target's passages of which a frame was chosen.
        accuracy: share of right answers of the detector, guesses included.
        seen: share of questions that it answered by what it saw.
        questions: how many.
    """

    precision: float
    recall: float
    span_recall: float
    accuracy: float
    seen: float
    questions: int


def measure(
    selector: Selector, questions: NeedleSet, count: int, k: int, *, first: int = 0
) -> Measured:
    """Return how a selector does on questions ``first`` to ``first + count - 1``."""
    rows: list[Sequence[float]] = []
    for number in range(first, first + count):
        question = questions.question(number)
        times = tuple(float(place) for place in range(len(question.frames)))
        candidates = Candidates(times, question.frames, question.text)
        chosen = selector.select(candidates, k, seed=number)
        answer, saw = question.answer(chosen.indices)
        spans = question.task.spans
        rows.append(
            (
                precision_at_k(chosen.times, spans),
                recall_at_k(chosen.times, spans),
                span_recall(chosen.times, spans),
                float(answer == question.task.answer),
                float(saw),
            )
        )
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    precision, recall, passages, right, seen = means
    return Measured(precision, recall, passages, right, seen, len(rows))
