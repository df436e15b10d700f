"""A problem for a small model: one text, a few examples, the failures first, the last attempts.

A model of 1.5 billion parameters loses the thread in long prompts. It sees one text or function at
a time, what it did, and what was tried before, in about 1,200 tokens.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tracegraph import prompts
from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.ask import Question
from tracegraph.optimizers.parts import is_instruction
from tracegraph.optimizers.problem import as_text
from tracegraph.optimizers.uses import uses
from tracegraph.optimizers.variables import failures_first, variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracegraph.optimizers.ask import Question
    from tracegraph.optimizers.optimizer import Step, Trial
from tracegraph.optimizers.problem import Problem

LIMIT = 3600  # characters: about 1,200 tokens of code, fewer of prose
_EXAMPLES = 4
_ATTEMPTS = 3
_REASONING = 300
_SIZES = (400, 240, 140, 80, 40)


def compact_question(step: Step, name: str, *, parts: bool = False) -> Question:
    """Return the question to a small model about one text or code parameter.

    Args:
        step: what is known.
        name: the parameter.
        parts: whether to ask for an instruction in parts, where the text is an instruction.
    """
    target = variable(step, name)
    parts = (
        parts
        and target.kind == "text"
        and is_instruction(name, target.description, str(target.value))
    )
    message = {"role": "user", "content": compact_text(step, name, parts=parts)}
    return Question([message], [name], insist=True, reasoning=_REASONING, parts=parts)


def compact_text(step: Step, name: str, *, parts: bool = False, limit: int = LIMIT) -> str:
    """Return the prompt that asks for a better value of one text or code parameter.

    Args:
        step: what is known.
        name: the parameter.
        parts: whether to ask for the parts of an instruction; see `.parts`.
        limit: the most characters, unless the value alone is longer.
    """
    target = variable(step, name)
    value = as_text(target.value)
    kind = "parts" if parts else "code" if target.kind == "code" else "text"
    prompt = prompts.load(f"optimizers/compact_{kind}")
    fixed = {
        "name": name,
        "about": f"{target.description.rstrip('.')}. " if target.description else "",
        "rules": f"The new value {target.constraint.rstrip('.')}." if target.constraint else "",
        "objective": shorten(step.objective, 500),
        "value": value.rstrip("\n"),
    }
    fixed = {key: text for key, text in fixed.items() if key in prompt.variables}
    shown = distinct(failures_first(step.problems), name)[:_EXAMPLES]
    made = ""
    for size, count in itertools.product(_SIZES, range(max(len(shown), 1), 0, -1)):
        made = prompt.format(
            examples=examples_text(shown[:count], name, size) or "nothing is known yet",
            attempts=attempts_text(step, name, size),
            **fixed,
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
