"""The code that several runs share: constants that differ become inputs with a name.

A workflow that is given a message as a plain value has the message in its line of code. So every
run would have code of its own, and a long message would be cut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.graph.subgraph import shorten
from tracegraph.optimizers.problem import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracegraph.optimizers.problem import Problem

_IN_LINE = 60  # characters of a constant that a line of code shows
Skeleton = tuple[tuple[str, ...], dict[str, str]]


def skeletons(problems: Sequence[Problem]) -> list[Skeleton]:
    """Return for each problem its lines with names for some constants, and these constants.

    Named are those that are too long for a line, and those that differ between the problems.
    """
    seen: dict[tuple[str, str], set[str]] = {}
    for problem in problems:
        for call, constants in problem.constants.items():
            for argument, text in constants.items():
                seen.setdefault((call, argument), set()).add(text)
    named = {key for key, texts in seen.items() if len(texts) > 1 or _long(next(iter(texts)))}
    return [_skeleton(problem, named) for problem in problems]


def _skeleton(problem: Problem, named: set[tuple[str, str]]) -> Skeleton:
    lines, given = [], {}
    known = {as_text(variable.value): variable.name for variable in problem.variables}
    for line in problem.lines:
        call = line.partition(" = ")[0]
        for argument, text in problem.constants.get(call, {}).items():
            if text in known:
                name = known[text]
                line = _replaced(line, argument, text, name)  # noqa: PLW2901
                # The value was the parameter's: saying so twice would only confuse.
                line = line.replace(f", {argument}_{name}={name}", "")  # noqa: PLW2901
            elif (call, argument) in named:
                name = f"{call}_{argument}"
                line = _replaced(line, argument, text, name)  # noqa: PLW2901
                given[name] = text
        lines.append(line)
    return tuple(lines), given


def _replaced(line: str, argument: str, text: str, name: str) -> str:
    for written in (repr(text), text):
        before = f"{argument}={shorten(written, _IN_LINE)}"
        if before in line:
            return line.replace(before, f"{argument}={name}", 1)
    return line


def _long(text: str) -> bool:
    return len(text) > _IN_LINE - 2
