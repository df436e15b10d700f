"""Whether suggested values can be used: constraints, placeholders, what was tried."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tracegraph.optimizers.placeholders import placeholder_problem
from tracegraph.optimizers.proposal import checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracegraph.optimizers.optimizer import Step

_FENCED = re.compile(r"```[a-z]*\n(.*?\n)```", re.DOTALL)


def checked_for(step: Step, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (values to apply, refusals): ``checked``, and placeholders that must be kept."""
    given = {
        name: unfenced(value) if name in step.parameters and step.parameters[name].kind == "code"
        else value
        for name, value in given.items()
    }  # fmt: skip
    values, refused = checked(given, step.parameters, step.values)
    for name in [n for n in values if step.parameters[n].kind == "text"]:
        before = str(step.values.get(name, step.parameters[name].data))
        if problem := placeholder_problem(before, str(values[name])):
            refused[name] = problem
            del values[name]
    return values, refused


def known_already(step: Step, values: Mapping[str, Any]) -> str:
    """Return why values would teach nothing: they are in force or were tried; else nothing."""
    if not values:
        return "it is the value that it has now: suggest another one"
    whole = {**step.values, **values}
    for trial in step.history:
        if all(trial.values.get(name) == value for name, value in whole.items()):
            score = "" if trial.score is None else f" and scored {trial.score:.3g}"
            return f"it was tried before{score}: suggest another one"
    return ""


def unfenced(code: Any) -> Any:
    """Return code without the Markdown fence around it, where it stands in one."""
    found = _FENCED.fullmatch(code.strip()) if isinstance(code, str) else None
    return found[1] if found else code
