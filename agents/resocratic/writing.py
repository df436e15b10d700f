"""The steps that a model writes: variables, objective, constraints; each a node of the graph."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Sequence
from typing import Any

import tracegraph as tg
from tracegraph.agents.resocratic import formal, wording
from tracegraph.agents.resocratic.calls import Calls
from tracegraph.agents.resocratic.demonstration import Demonstration, Section, Variable
from tracegraph.agents.resocratic.formal import FormalError, Relation
from tracegraph.agents.resocratic.stated import plain, unstated
from tracegraph.agents.resocratic.target import Target

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}


@tg.bundle
async def write_variables(
    prompt: str, calls: Calls, target: Target, example: Demonstration, complaint: str
) -> tuple[str, tuple[Variable, ...]]:
    """Ask for a setting and its variables."""
    kinds = {"integer": ["integer"], "continuous": ["continuous"]}.get(
        target.integrality, ["integer", "continuous"]
    )
    properties: dict[str, Any] = {
        "symbol": _TEXT, "meaning": _TEXT, "type": {"type": "string", "enum": kinds},
    }  # fmt: skip
    if target.kind == "nonlinear":
        properties |= {"least": _NUMBER, "most": _NUMBER}
    count = target.variables
    schema = _object(
        story=_TEXT,
        variables={
            "type": "array", "items": _object(**properties), "minItems": count, "maxItems": count,
        },
    )  # fmt: skip
    shown = {
        "story": example.story,
        "variables": [
            {"symbol": v.symbol, "meaning": v.meaning, "type": v.kind, "least": v.lower,
             "most": v.upper}
            if target.kind == "nonlinear"
            else {"symbol": v.symbol, "meaning": v.meaning, "type": v.kind}
            for v in example.variables
        ],
    }  # fmt: skip
    told = (
        f"Example:\n{json.dumps(shown, ensure_ascii=False)}\n\n"
        f"Domain: {target.domain}\nVariables: {count}, {' or '.join(kinds)}"
        + (f"\n\n{complaint}" if complaint else "")
    )
    answer = await calls.ask("variables", prompt, told, schema=schema)
    variables = _variables(answer["variables"], bounded=target.kind == "nonlinear")
    story = _sentences(answer["story"])
    return f"{story} {wording.range_words(variables, story)}".strip(), variables


@tg.bundle
async def write_objective(
    prompt: str, calls: Calls, target: Target, example: Demonstration,
    story: str, variables: Sequence[Variable], complaint: str,
) -> Section:  # fmt: skip
    """Ask for the objective: its words, what its numbers measure, its formula."""
    linear = target.kind == "linear"
    # Numbers first: a small model repeats them in the text better than it finds them there.
    schema = _object(quantity=_TEXT, **_formula(variables, linear), text=_TEXT)
    weights = formal.linear(example.goal.expression) if linear else None
    shown: dict[str, Any] = (
        {"coefficients": _named(weights)} if weights else {"formula": example.goal.expression}
    )
    shown["text"] = example.objective.text
    told = "\n\n".join(
        filter(None, [
            f"Example of another problem:\n{json.dumps(shown, ensure_ascii=False)}",
            _so_far(story, variables),
            f"Now write the objective; {target.sense} it."
            + ("" if linear else " Its formula must be nonlinear."),
            complaint,
        ])
    )  # fmt: skip
    answer = await calls.ask("objective", prompt, told, schema=schema)
    expression = _expression(answer, linear=linear)
    if linear and not all(answer["coefficients"].values()):
        raise FormalError("every variable needs a coefficient other than 0 in the objective")
    if linear and len(variables) > 1 and len(set(answer["coefficients"].values())) == 1:
        raise FormalError("all coefficients are the same: give each variable a price of its own")
    if not linear and formal.linear(expression) is not None:
        raise FormalError(f"{expression} is linear")
    text, line = _sentences(answer["text"]), f"{target.sense} {expression}"
    return Section(text, (line,), _quantity(answer["quantity"]))


@tg.bundle
async def write_constraint(
    prompt: str, calls: Calls, target: Target, example: Demonstration,
    before: Demonstration, relation: Relation, complaint: str,
) -> Section:  # fmt: skip
    """Ask for one more constraint of a given direction."""
    linear = target.kind == "linear"
    variables = before.variables
    schema = _object(quantity=_TEXT, **_formula(variables, linear), limit=_NUMBER, text=_TEXT)
    taken = "\n".join(f"- {each.text}" for each in (before.objective, *before.constraints))
    direction = {"<=": "at most", ">=": "at least", "==": "exactly"}[relation]
    told = "\n\n".join(
        filter(None, [
            f"Example of another problem:\n{_shown(example, linear=linear)}",
            _so_far(before.story, variables),
            f"It already says:\n{taken}",
            f"Now write a constraint: something is {direction} a limit.",
            complaint,
        ])
    )  # fmt: skip
    answer = await calls.ask("constraint", prompt, told, schema=schema)
    expression = _expression(answer, linear=linear)
    line = f"{expression} {relation} {plain(float(answer['limit']))}"
    formal.relations(line)
    return Section(_sentences(answer["text"]), (line,), _quantity(answer["quantity"]))


def missing_numbers(section: Section, before: str) -> list[float]:
    """Return the numbers of a section's formulas that neither it nor the text before states."""
    found = []
    for line in section.lines:
        stated = re.sub(r"^\s*(maximize|minimize)\s", "", line)
        for each in re.split(r"<=|>=|==|=", stated):
            found += formal.numbers(each)
    return unstated(found, f"{before}\n{section.text}")


def reworded(section: Section, demonstration: Demonstration) -> Section | None:
    """Return a linear section in words of the code, which state every number; None if nonlinear.

    Args:
        section: the objective or one of the constraints.
        demonstration: what it is part of.
    """
    variables = demonstration.variables
    if section is demonstration.objective:
        goal = demonstration.goal
        weights = formal.linear(goal.expression)
        if weights is None:
            return None
        text = wording.objective_words(variables, section.quantity, weights, goal.sense)
    else:
        row = wording.sides(demonstration.relations_of(section)[0])
        if row is None:
            return None
        text = wording.constraint_words(variables, section.quantity, *row)
    return Section(text, section.lines, section.quantity)


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties),
        "additionalProperties": False,
    }  # fmt: skip


def _formula(variables: Sequence[Variable], linear: bool) -> dict[str, Any]:
    if not linear:
        return {"formula": _TEXT}
    return {"coefficients": _object(**{each.symbol: _NUMBER for each in variables})}


def _expression(answer: dict[str, Any], *, linear: bool) -> str:
    if linear:
        return formal.expression(wording.weighted(answer["coefficients"]))
    return formal.expression(str(answer["formula"]).partition("<")[0].partition(">")[0])


def _shown(example: Demonstration, *, linear: bool) -> str:
    # The one in which most variables take part shows best what is wanted.
    section = max(example.constraints, key=lambda each: len(_used(example, each)))
    first = example.relations_of(section)[0]
    row = wording.sides(first) if linear else None
    if row:
        shown: dict[str, Any] = {"coefficients": _named(row[0]), "limit": row[2]}
    else:
        shown = {"formula": first.left, "limit": first.right}
    shown["text"] = section.text
    return json.dumps(shown, ensure_ascii=False)


def _used(example: Demonstration, section: Section) -> set[str]:
    first = example.relations_of(section)[0]
    return formal.names(first.left) | formal.names(first.right)


def _named(weights: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in weights.items() if name}


def _so_far(story: str, variables: Sequence[Variable]) -> str:
    named = "\n".join(f"- {each.symbol}: {each.meaning} ({each.kind})" for each in variables)
    return f"The problem: {story}\nVariables:\n{named}"


def _variables(told: Sequence[dict[str, Any]], *, bounded: bool) -> tuple[Variable, ...]:
    found: list[Variable] = []
    for each in told:
        symbol = re.sub(r"\W+", "_", each["symbol"].strip().lower()).strip("_")[:16]
        if not symbol.isidentifier() or keyword.iskeyword(symbol) or symbol in _TAKEN:
            symbol = f"x{len(found) + 1}"
        meaning = " ".join(str(each["meaning"]).split()).strip(" .")
        lower, upper = (float(each["least"]), float(each["most"])) if bounded else (0.0, None)
        if (
            not meaning
            or symbol in {v.symbol for v in found}
            or (upper is not None and lower >= upper)
        ):
            raise FormalError(f"the variable {each} has no meaning, a symbol twice, or no range")
        found.append(Variable(symbol, meaning, each["type"], lower, upper))
    if len({each.meaning.lower() for each in found}) < len(found):
        raise FormalError("two variables have the same meaning")
    return tuple(found)


# Names that the program needs itself.
_TAKEN = frozenset({"model", "objective", "pi", "e", "Model", "quicksum", *formal.FUNCTIONS})


def _sentences(text: str) -> str:
    return " ".join(str(text).split())


def _quantity(text: str) -> str:
    return " ".join(str(text).replace("|", " ").split()).strip(" .:…")[:60] or "points"
