"""What a step lets change, as variables; and which of the runs to show first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.optimizers.placeholders import placeholder_rule
from tracegraph.optimizers.problem import Variable, as_text
from tracegraph.optimizers.suggestion import KNOWN_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracegraph.optimizers.optimizer import Step
    from tracegraph.optimizers.problem import Problem


def askable(step: Step, kinds: frozenset[str] = KNOWN_KINDS) -> list[str]:
    """Return the movable parameters of kinds that a model can write, in order."""
    return [name for name in step.movable if step.parameters[name].kind in kinds]


def variable(step: Step, name: str) -> Variable:
    """Return a parameter of a step with the value and the rules that a new value must obey."""
    parameter = step.parameters[name]
    value = step.values.get(name, parameter.data)
    rules = [parameter.constraint or ""]
    if parameter.kind == "text":
        rules.append(placeholder_rule(as_text(value)))
    return Variable(
        name, value, parameter.kind, "; ".join(filter(None, rules)), parameter.description
    )


def failures_first(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems, those with the lowest score first, in order among equals."""
    return sorted(problems, key=lambda p: (p.score is not None, p.score or 0.0))


def part(step: Step, names: Sequence[str], optimizer: str) -> list[str]:
    """Return the parameters that a small model should change now: one long one, or all short.

    The most blamed first; after attempts that led nowhere, the next. Without blame any is first.
    """
    parts: list[list[str]] = []
    short: list[str] = []
    for name in names:
        if step.parameters[name].kind in ("text", "code"):
            parts.append([name])
        elif not short:
            short = [name]
            parts.append(short)
        else:
            short.append(name)
    made = [t for t in step.history if t.parent == step.candidate and t.optimizer == optimizer]
    turn = len(made) // max(step.count, 1)
    return parts[(turn if step.focus else step.seed + turn) % len(parts)]
