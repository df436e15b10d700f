"""Programs from formal lines: what a demonstration states in PySCIPOpt, without a model."""

from __future__ import annotations

from tracegraph.agents.resocratic import formal
from tracegraph.agents.resocratic.demonstration import Demonstration, Variable
from tracegraph.agents.resocratic.formal import FUNCTIONS

_TYPES = {"continuous": "C", "integer": "I", "binary": "B"}


def write(demonstration: Demonstration, *, relaxed: bool = False) -> str:
    """Return the program of a demonstration.

    Args:
        demonstration: what it states.
        relaxed: leave integrality out.
    """
    goal = demonstration.goal
    sides = [side for each in demonstration.relations for side in (each.left, each.right)]
    texts = " ".join([goal.expression, *sides])
    used = [name for name in FUNCTIONS if f"{name}(" in texts]
    lines = [f"from pyscipopt import {', '.join(['Model', *used])}", ""]
    lines += ["model = Model()"]
    lines += [_variable(each, relaxed=relaxed) for each in demonstration.variables]
    lines += ["", *_comment(demonstration.objective.text)]
    if formal.linear(goal.expression) is not None:
        lines += [f'model.setObjective({goal.expression}, "{goal.sense}")']
    else:
        # SCIP takes linear objectives only; the bound of this variable is the expression, so it
        # must be free (a variable has the lower bound 0 unless told otherwise).
        bound = "<=" if goal.sense == "maximize" else ">="
        lines += [
            'objective = model.addVar(name="objective", lb=None, ub=None)',
            f'model.setObjective(objective, "{goal.sense}")',
            f"model.addCons(objective {bound} {goal.expression})",
        ]
    for section in demonstration.constraints:
        lines += ["", *_comment(section.text)]
        lines += [f"model.addCons({each})" for each in demonstration.relations_of(section)]
    return "\n".join([*lines, "", "model.optimize()", ""])


def _variable(variable: Variable, *, relaxed: bool) -> str:
    lower, upper, kind = variable.lower, variable.upper, variable.kind
    if kind == "binary":
        lower, upper = 0.0, 1.0
    if relaxed:
        kind = "continuous"
    bounds = f"lb={_number(lower)}" + (f", ub={_number(upper)}" if upper is not None else "")
    return (
        f'{variable.symbol} = model.addVar(name="{variable.symbol}", vtype="{_TYPES[kind]}", '
        f"{bounds})  # {' '.join(variable.meaning.split())}"
    )


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in text.splitlines() if line.strip()]


def _number(value: float | None) -> str:
    if value is None:
        return "None"
    return str(int(value)) if value == int(value) else repr(value)
