"""A problem for a small model: one text, a few examples, the failures first, the last attempts.

A model of 1.5 billion parameters loses the thread in long prompts. It sees one text or function at
a time, what it did, and what was tried before, in about 1,200 tokens.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tracegraph import prompts
from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.uses import uses
from tracegraph.optimizers.variables import failures_first, variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracegraph.optimizers.optimizer import Step, Trial
    from tracegraph.optimizers.problem import Problem

LIMIT = 3600  # characters: about 1,200 tokens of code, fewer of prose
_EXAMPLES = 4
_ATTEMPTS = 3
_SIZES = (400, 240, 140, 80, 40)


def compact_text(step: Step, name: str, *, limit: int = LIMIT) -> str:
    """Return the prompt that asks for a better value of one text or code parameter."""
    target = variable(step, name)
    value = as_text(target.value)
    prompt = prompts.load(f"optimizers/compact_{'code' if target.kind == 'code' else 'text'}")
    shown = distinct(failures_first(step.problems), name)[:_EXAMPLES]
    made = ""
    for size, count in itertools.product(_SIZES, range(max(len(shown), 1), 0, -1)):
        made = prompt.format(
            objective=shorten(step.objective, 500),
            name=name,
            about=f"{target.description.rstrip('.')}. " if target.description else "",
            value=value.rstrip("\n"),
            examples=examples_text(shown[:count], name, size) or "nothing is known yet",
            attempts=attempts_text(step, name, size),
            rules=f"The new value {target.constraint.rstrip('.')}." if target.constraint else "",
        )
        if len(made) <= limit:
            break
    return made


def distinct(problems: Sequence[Problem], name: str) -> list[Problem]:
    """Return the problems that show different things about a parameter."""
    found = {examples_text([problem], name, 1000): problem for problem in reversed(problems)}
    return list(found.values())[::-1]


def examples_text(problems: Sequence[Problem], name: str, size: int) -> str:
    """Return what a parameter did in some runs, values cut to ``size``."""
    return "\n\n".join(
        "\n".join(_example(problem, number, name, size))
        for number, problem in enumerate(problems, 1)
    )


def attempts_text(step: Step, name: str, size: int) -> str:
    """Return what was tried for a parameter, with scores, the best last; empty for nothing."""
    current = step.values.get(name)
    best: dict[str, Trial] = {}
    now: float | None = None
    for trial in step.history:
        if trial.score is None or name not in trial.values:
            continue
        if trial.values[name] == current:
            now = trial.score
            continue
        text = as_text(trial.values[name])
        if text not in best or trial.score > (best[text].score or 0.0):
            best[text] = trial
    last = sorted(list(best.items())[-_ATTEMPTS:], key=lambda item: item[1].score or 0.0)
    lines = [f"- score {trial.score:.2f}: {shorten(text.strip(), size)}" for text, trial in last]
    if not lines:
        return ""
    scored = f" (the present one has {now:.2f})" if now is not None else ""
    return "\n".join(["", f"Tried before, a higher score is better{scored}:", *lines, ""])


def _example(problem: Problem, number: int, name: str, size: int) -> Iterator[str]:
    score = "" if problem.score is None else f" (score {problem.score:g})"
    yield f"Example {number}{score}"
    found = uses(problem, name)[-2:]
    for use in found:
        for argument, text in list(use.arguments.items())[:6]:
            yield f"  {argument}: {_one_line(text, size)}"
        if use.result:
            yield f"  result: {_one_line(use.result, size)}"
    if not found[-1].final:
        yield f"  final result: {_one_line(' '.join(problem.outputs.values()), size)}"
    if problem.feedback:
        yield f"  feedback: {_one_line(problem.feedback, size)}"


def _one_line(text: str, size: int) -> str:
    return shorten(" ".join(text.split()), size)
