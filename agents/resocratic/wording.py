"""Plain words for numbers: what the code says where a model left a number out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracegraph.agents.resocratic import formal
from tracegraph.agents.resocratic.demonstration import Demonstration, Section, Variable
from tracegraph.agents.resocratic.formal import Constraint, Relation, Sense
from tracegraph.agents.resocratic.stated import plain, unstated

_LIMITS: dict[Relation, str] = {"<=": "at most", ">=": "at least", "==": "exactly"}


def weighted(coefficients: Mapping[str, float]) -> str:
    """Return the formula of a weighted sum."""
    parts = [f"{plain(value)}*{symbol}" for symbol, value in coefficients.items() if value]
    return " + ".join(parts) or "0"


def objective_words(
    variables: Sequence[Variable], quantity: str, coefficients: Mapping[str, float], sense: Sense
) -> str:
    """Return a sentence that states a linear objective."""
    end = "large" if sense == "maximize" else "small"
    return (
        f"{_capital(quantity)}, for each unit: {_each(variables, coefficients)}. The total should "
        f"be as {end} as possible."
    )


def constraint_words(
    variables: Sequence[Variable], quantity: str, coefficients: Mapping[str, float],
    relation: Relation, limit: float,
) -> str:  # fmt: skip
    """Return a sentence that states a linear constraint."""
    return (
        f"{_capital(quantity)}, for each unit: {_each(variables, coefficients)}. The total must be "
        f"{_LIMITS[relation]} {plain(limit)}."
    )


def range_words(variables: Sequence[Variable], text: str) -> str:
    """Return sentences on the ranges and the integrality of variables that a text does not state.

    A lower limit of 0 goes without saying.
    """
    said = []
    for each in variables:
        ends = [e for e in (each.lower, each.upper) if e is not None]
        if each.kind == "binary" or not unstated(ends, text):
            continue
        if each.lower and each.upper is not None:
            limits = f"from {plain(each.lower)} to {plain(each.upper)}"
        elif each.upper is not None:
            limits = f"at most {plain(each.upper)}"
        else:
            limits = f"at least {plain(each.lower or 0)}"
        said.append(f"The {each.meaning}: {limits}.")
    return " ".join([*said, whole_words(variables, text)]).strip()


def whole_words(variables: Sequence[Variable], text: str) -> str:
    """Return a sentence on integrality, where a text does not say anything about it."""
    lowered = text.lower()
    if any(word in lowered for word in ("whole", "integer", "fraction", "yes or no", "decimal")):
        return ""
    whole = [each.meaning for each in variables if each.kind != "continuous"]
    if not whole:
        return "Fractions are allowed."
    if len(whole) == len(variables):
        return "All amounts are whole numbers."
    return f"These are whole numbers: {', '.join(whole)}; the others may be fractions."


def table(demonstration: Demonstration) -> tuple[str, list[str]] | None:
    """Return a Markdown table of a linear demonstration's coefficients, and its limits in words.

    None where a section is not linear, or does not say what its coefficients measure.
    """
    columns: list[tuple[str, Mapping[str, float]]] = []
    said: list[str] = []
    goal = demonstration.goal
    weights = formal.linear(goal.expression)
    if weights is None or not demonstration.objective.quantity:
        return None
    columns.append((demonstration.objective.quantity, weights))
    for section in demonstration.constraints:
        row = _row(demonstration, section)
        if row is None:
            return None
        amounts, relation, limit = row
        columns.append((section.quantity, amounts))
        said.append(f"{_capital(section.quantity)}: in total {_LIMITS[relation]} {plain(limit)}.")
    if len({name for name, _ in columns}) < len(columns):
        return None
    lines = ["| for each unit of | " + " | ".join(name for name, _ in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for each in demonstration.variables:
        values = [plain(column.get(each.symbol, 0.0)) for _, column in columns]
        lines.append(f"| {each.meaning} | " + " | ".join(values) + " |")
    end = "large" if goal.sense == "maximize" else "small"
    said.append(f"The total {demonstration.objective.quantity} should be as {end} as possible.")
    return "\n".join(lines), said


def _row(
    demonstration: Demonstration, section: Section
) -> tuple[Mapping[str, float], Relation, float] | None:
    found = demonstration.relations_of(section)
    if len(found) != 1 or not section.quantity:
        return None
    return sides(found[0])


def sides(constraint: Constraint) -> tuple[dict[str, float], Relation, float] | None:
    """Return a constraint as coefficients, relation and limit; None if it is not linear."""
    left, right = formal.linear(constraint.left), formal.linear(constraint.right)
    if left is None or right is None:
        return None
    weights = {
        name: left.get(name, 0.0) - right.get(name, 0.0) for name in {**left, **right} if name
    }
    return weights, constraint.relation, right[""] - left[""]


def _each(variables: Sequence[Variable], coefficients: Mapping[str, float]) -> str:
    said = [
        f"{each.meaning} {plain(value)}"
        for each in variables
        if (value := coefficients.get(each.symbol, 0.0))
    ]
    return ", ".join(said)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
