"""What a parameter did in a run: the calls that got it, what else they got, what they returned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracegraph.optimizers.placeholders import fillings
from tracegraph.optimizers.problem import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracegraph.optimizers.placeholders import fillings
from tracegraph.optimizers.problem import Problem

_CODE = "__code"  # what a call got as its own source


@dataclass(frozen=True, slots=True)
class Use:
    """A call that got a parameter.

    Attributes:
        call: its name; empty for the workflow as a whole, where nothing is known of calls.
        arguments: what it got beside the parameter, by argument.
        result: what it returned.
        final: whether that is the output of the workflow.
    """

    call: str
    arguments: Mapping[str, str]
    result: str
    final: bool


def uses(problem: Problem, name: str) -> list[Use]:
    """Return the calls that got a parameter, in order; else the workflow as one call."""
    results = {**problem.others, **problem.outputs}
    calls = [edge.child for edge in problem.edges if edge.parent == name]
    found = [
        Use(call, arguments(problem, call, name), results[call], call in problem.outputs)
        for call in dict.fromkeys(calls)
        if call in results
    ]
    if found:
        return found
    given = {key: text for key, text in problem.inputs.items() if not key.startswith(_CODE)}
    for constants in problem.constants.values():
        given.update(constants)
    return [Use("", given, "\n".join(problem.outputs.values()), True)]


def arguments(problem: Problem, call: str, name: str = "") -> dict[str, str]:
    """Return what a call got beside a parameter, by argument, without prompts and code.

    Of a text that was made from the parameter, only what it was filled with is shown.
    """
    variables = {variable.name: variable for variable in problem.variables}
    own = as_text(variables[name].value) if name in variables else ""
    made = {e.argument.partition("~")[0] for e in problem.edges if e.child == call
            and e.parent == name and "~" in e.argument}  # fmt: skip
    given: dict[str, str] = {}
    for argument, text in problem.constants.get(call, {}).items():
        if argument in made:
            given.update(_beside(own, argument, text))
        elif not own or text != own:
            given[argument] = text
    values = {**problem.inputs, **problem.others}
    for parent, child, argument in problem.edges:
        stem, made_from, _ = argument.partition("~")
        if child != call or parent == name or (made_from and stem in given):
            continue
        if stem.startswith(_CODE):
            continue
        if parent in values:
            given[stem] = values[parent]
        elif parent in variables and variables[parent].kind not in ("text", "code"):
            given[stem] = as_text(variables[parent].value)
    return given


def _beside(own: str, argument: str, text: str) -> dict[str, str]:
    """Return what a text holds beside the parameter's value that it was made from."""
    filled = fillings(own, text)
    if filled is not None:
        return filled
    bare = own.strip()
    rest = text.replace(bare, "…", 1) if bare else text
    return {argument: rest} if rest.strip() != "…" else {}
