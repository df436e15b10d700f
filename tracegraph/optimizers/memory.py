"""What was tried before, as text: values with their scores and what was said about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.text import assignment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracegraph.optimizers.optimizer import Step, Trial


def memory_text(step: Step, names: Sequence[str], *, last: int, long: int = 600) -> str:
    """Return the last trials but the present one, oldest first; empty when there are none."""
    trials = [trial for trial in step.history if trial.id != step.candidate]
    blocks = ["\n".join(trial_lines(trial, names, long)) for trial in trials[-last:] if last]
    return "\n\n".join(["#Earlier attempts, oldest first", *blocks]) if blocks else ""


def trial_lines(trial: Trial, names: Sequence[str], long: int, *, said: int = 2) -> Iterator[str]:
    """Yield a trial's values, its score, and what was said about ``said`` of its examples."""
    for name in names:
        if name in trial.values:
            value = trial.values[name]
            text = shorten(as_text(value), long)
            yield assignment(name, text, quoted=isinstance(value, str))
    if trial.score is not None:
        yield f"score: {trial.score:.3f}"
    worst = sorted(trial.feedback, key=lambda e: trial.scores.get(e, 0.0))[:said]
    for example in worst:
        if trial.feedback[example]:
            yield f"feedback: {shorten(' '.join(trial.feedback[example].split()), long // 2)}"
    if trial.problem:
        yield f"could not be evaluated: {shorten(trial.problem, long // 2)}"
