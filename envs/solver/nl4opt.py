"""NL4OPT's annotated problems (Ramamonjison et al., 2022) as linear programs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracegraph.envs.solver.form import Column, Form, Row
from tracegraph.envs.solver.run import Sense
from tracegraph.envs.solver.tasks import SolverTask

_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "thousand": 1000, "once": 1,
    "twice": 2, "double": 2, "triple": 3, "thrice": 3, "half": 1 / 2, "third": 1 / 3,
    "thirds": 1 / 3, "quarter": 1 / 4, "fourth": 1 / 4, "fifth": 1 / 5, "a": 1,
}  # fmt: skip
_LOWEST = ("min", "reduc", "decr", "lowest", "least")


def task_of(name: str, told: dict[str, Any]) -> SolverTask:
    """Return the task of an annotated problem; it has a model in place of a label."""
    return SolverTask(name, str(told["document"]), kind="linear-notable", form=form_of(told))


def form_of(told: dict[str, Any]) -> Form:
    """Return the linear program that an annotation states, every variable at least 0.

    Raises:
        ValueError: a number or the name of a variable is not understood.
    """
    order = told["order_mapping"]  # mentions too: "truck" has the number of "trucks"
    names = [next(name for name in order if order[name] == n) for n in sorted({*order.values()})]
    index = {name: int(n) for name, n in order.items()}
    index |= {said: index[first] for said, first in told["var_mention_to_first_var"].items()}
    rows = [_row(declared, index, len(names)) for declared in told["const_declarations"]]
    objective = told["obj_declaration"]
    sense: Sense = "maximize"
    if objective["direction"].lower().startswith(_LOWEST):
        sense = "minimize"
    if objective["type"] == "objvar":
        # Where none is named, "the total number" is of all.
        costs = {index[name]: 1.0 for name in objective["vars"] or names}
    else:
        costs = _terms(objective["terms"], index)
    columns = tuple(Column(0.0, None) for _ in names)
    return Form(sense, columns, tuple(rows), costs, names=tuple(names))


def whole(form: Form) -> Form:
    """Return the reading in which every variable must be whole; annotations do not tell."""
    return replace(form, columns=tuple(replace(c, integer=True) for c in form.columns))


def _row(declared: dict[str, Any], index: dict[str, int], count: int) -> Row:
    kind = declared["type"]
    if kind in ("xy", "xby"):
        factor = number(declared["param"]) if kind == "xby" else 1.0
        terms = {index[declared["x_var"]]: 1.0, index[declared["y_var"]]: -factor}
        limit = 0.0
    else:
        limit = number(declared["limit"])
        if kind == "linear":
            terms = _terms(declared["terms"], index)
        elif kind == "sum":
            terms = dict.fromkeys(range(count), 1.0)
        elif kind == "ratio":
            terms = {n: -limit for n in range(count)}
            terms[index[declared["var"]]] += 1.0
            limit = 0.0
        elif kind in ("lowerbound", "upperbound"):
            terms = {index[declared["var"]]: 1.0}
        else:
            raise ValueError(f"the constraint type {kind!r} is not known")
    if declared["operator"] == "LESS_OR_EQUAL":
        return Row(None, limit, terms)
    return Row(limit, None, terms)


def _terms(told: dict[str, str], index: dict[str, int]) -> dict[int, float]:
    terms: dict[int, float] = {}
    for name, value in told.items():
        terms[index[name]] = terms.get(index[name], 0.0) + number(value)
    return terms


def number(text: str) -> float:
    """Return an annotated number: 5,000, 30%, third, "two thirds", $3.5, 8000 minutes.

    Raises:
        ValueError: it is not understood.
    """
    words = text.lower().replace(",", "").replace("$", "").replace("-", " ").split()
    product, understood = 1.0, False
    for word in words:
        value = 0.01 if word == "percent" else _one(word)
        if value is not None:
            product *= value
            understood = understood or word != "percent"
    if not understood:
        raise ValueError(f"the number {text!r} is not understood")
    # So that 30% is the decimal 0.3 and not its nearest double times something.
    return float(f"{product:.15g}")


def _one(word: str) -> float | None:
    """Return what a word counts; None for units and the like."""
    if word in _WORDS:
        return float(_WORDS[word])
    digits = word.rstrip("%x.")
    try:
        if "/" in digits:
            above, below = digits.split("/")
            value = float(above) / float(below)
        else:
            value = float(digits)
    except (ValueError, ZeroDivisionError):
        return None
    return value / 100 if word.endswith("%") else value
