"""Demonstrations: what a call got and returned in runs that went well, and a varied choice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracegraph.optimizers.uses import uses

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from tracegraph.optimizers.problem import Problem

_NAMED = re.compile(r"demo|example|few.?shot", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Demo:
    """One demonstration.

    Attributes:
        example: the example that it comes from.
        inputs: what the call got, by argument.
        output: what it returned.
        hardness: from 0 to 1, how often earlier candidates failed on the example.
    """

    example: str
    inputs: Mapping[str, str]
    output: str
    hardness: float = 0.0

    def text(self) -> str:
        """Return the demonstration as lines of a prompt."""
        lines = [f"{argument}: {value.strip()}" for argument, value in self.inputs.items()]
        return "\n".join([*lines, f"output: {self.output.strip()}"])


def holds_demos(kind: str, name: str, description: str) -> bool:
    """Whether a parameter is for demonstrations: a list, or a text that says so."""
    return kind == "list" or (kind == "text" and bool(_NAMED.search(f"{name} {description}")))


def successes(
    problems: Sequence[Problem], name: str, least: float, hardness: Mapping[str, float]
) -> list[Demo]:
    """Return a demonstration for each run that scored at least ``least``, each input once."""
    found: dict[tuple[str, ...], Demo] = {}
    for problem in problems:
        if problem.score is None or problem.score < least:
            continue
        made_from = {
            (edge.child, edge.argument.partition("~")[0])
            for edge in problem.edges
            if edge.parent == name
        }
        for use in uses(problem, name):
            # An argument that the demonstrations are part of would show them within themselves.
            inputs = {a: v for a, v in use.arguments.items() if (use.call, a) not in made_from}
            if inputs:
                demo = Demo(problem.example, inputs, use.result, hardness.get(problem.example, 0.0))
                found.setdefault(tuple(inputs.values()), demo)
    return list(found.values())


def varied(demos: Sequence[Demo], size: int, chance: random.Random) -> list[Demo]:
    """Return ``size`` demonstrations that differ: each the farthest from those before it.

    The first is a hard one, by chance. Source: Gonzalez 1985, greedy farthest-point selection.
    """
    if not demos or size < 1:
        return []
    weights = [0.1 + demo.hardness for demo in demos]
    chosen = [chance.choices(range(len(demos)), weights)[0]]
    while len(chosen) < min(size, len(demos)):
        rest = [i for i in range(len(demos)) if i not in chosen]
        chosen.append(
            max(rest, key=lambda i: (min(distance(demos[i], demos[j]) for j in chosen), -i))
        )
    return [demos[i] for i in chosen]


def distance(one: Demo, other: Demo) -> float:
    """Return how different two demonstrations are, from 0 to 2: words of inputs, then output."""
    mine, others = _words(one), _words(other)
    union = len(mine | others)
    shared = len(mine & others) / union if union else 1.0
    return (1.0 - shared) + (one.output.strip() != other.output.strip())


def written(demos: Sequence[Demo], kind: str, current: Any) -> Any:
    """Return demonstrations in the form of the parameter's value: a text, or a list of its items.

    A list whose items are dicts gets dicts with the same keys, as far as they can be told.
    """
    if kind == "text":
        return "\n\n".join(demo.text() for demo in demos)
    first = current[0] if isinstance(current, list) and current else ""
    if isinstance(first, dict):
        return [_like(demo, first) for demo in demos]
    return [demo.text() for demo in demos]


def _like(demo: Demo, model: Mapping[str, Any]) -> dict[str, str]:
    keys = list(model)
    outputs = [key for key in keys if key not in demo.inputs]
    key = outputs[-1] if outputs else "output"
    if len(keys) == 2 and len(demo.inputs) == 1 and len(outputs) == 2:
        return {keys[0]: next(iter(demo.inputs.values())), keys[1]: demo.output}
    return {**demo.inputs, key: demo.output}


def _words(demo: Demo) -> set[str]:
    return {word.lower() for value in demo.inputs.values() for word in _WORD.findall(value)}
