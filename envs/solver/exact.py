"""Proofs about linear programs in rational numbers: optimal, infeasible, unbounded.

What a solver says is only a hint here. A proof is checked by itself, in exact arithmetic, with
the coefficients taken as the decimals that they are written as.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from tracegraph.envs.solver.form import Column, Form, Row, exact

Vector = Sequence[Fraction]
Matrix = list[list[Fraction]]


def proves_optimal(form: Form, x: Vector, y: Vector) -> bool:
    """Whether x is optimal for a linear program, by the multipliers y of the rows.

    It holds when x is feasible and the bound on the objective that y gives, the least value of
    (c - yA)x + yr over all bounds of x and rows r, is the objective at x.
    """
    if not feasible(form, x):
        return False
    reduced = _costs(form)
    bound: Fraction | None = Fraction(0)
    for row, weight in zip(form.rows, y, strict=True):
        for index, value in row.linear.items():
            reduced[index] -= weight * exact(value)
        bound = _plus(bound, _least(weight, row.lower, row.upper))
    for column, weight in zip(form.columns, reduced, strict=True):
        bound = _plus(bound, _least(weight, column.lower, column.upper))
    costs = _costs(form)
    return bound is not None and bound == sum(c * v for c, v in zip(costs, x, strict=True))


def proves_infeasible(form: Form, y: Vector) -> bool:
    """Whether a linear program has no point, by a Farkas ray y over the rows.

    It holds when yAx, for x within its bounds, is always less than y times what the rows ask.
    """
    asked: Fraction | None = Fraction(0)
    total = [Fraction(0)] * len(form.columns)
    for row, weight in zip(form.rows, y, strict=True):
        asked = _plus(asked, _least(weight, row.lower, row.upper))
        for index, value in row.linear.items():
            total[index] += weight * exact(value)
    most: Fraction | None = Fraction(0)
    for column, weight in zip(form.columns, total, strict=True):
        least = _least(-weight, column.lower, column.upper)
        most = _plus(most, None if least is None else -least)
    return asked is not None and most is not None and most < asked


def proves_unbounded(form: Form, x: Vector, ray: Vector) -> bool:
    """Whether from the point x the objective improves along the ray without end."""
    if not feasible(form, x):
        return False
    parts = [(column.lower, column.upper, ray[n]) for n, column in enumerate(form.columns)]
    for row in form.rows:
        parts.append((row.lower, row.upper, _product(row.linear, ray)))
    stays = all(
        (low is None or step >= 0) and (high is None or step <= 0) for low, high, step in parts
    )
    return stays and sum(c * d for c, d in zip(_costs(form), ray, strict=True)) < 0


def feasible(form: Form, x: Vector, *, whole: bool = False) -> bool:
    """Whether a point keeps every row and bound exactly; with ``whole`` also integrality."""
    for column, value in zip(form.columns, x, strict=True):
        if not _within(value, column.lower, column.upper):
            return False
        if whole and column.integer and value.denominator != 1:
            return False
    return all(_within(_product(row.linear, x), row.lower, row.upper) for row in form.rows)


def objective(form: Form, x: Vector) -> Fraction:
    """Return the objective of a linear model at a point."""
    return exact(form.offset) + _product(form.linear, x)


def from_basis(
    form: Form, columns: Sequence[str], rows: Sequence[str]
) -> tuple[list[Fraction], list[Fraction]] | None:
    """Return the point and the multipliers of a basis, in HiGHS's words; None if it is singular."""
    basic = [n for n, status in enumerate(columns) if status == "kBasic"]
    tight = [n for n, status in enumerate(rows) if status != "kBasic"]
    if len(basic) != len(tight):
        return None
    x = [_rest(column, status) for column, status in zip(form.columns, columns, strict=True)]
    matrix = [[exact(form.rows[r].linear.get(c, 0.0)) for c in basic] for r in tight]
    right = [_rest(form.rows[r], rows[r]) - _product(form.rows[r].linear, x) for r in tight]
    costs = _costs(form)
    found = _solve(matrix, right)
    turned = [list(line) for line in zip(*matrix, strict=True)]
    weights = _solve(turned, [costs[c] for c in basic])
    if found is None or weights is None:
        return None
    for index, value in zip(basic, found, strict=True):
        x[index] = value
    y = [Fraction(0)] * len(form.rows)
    for index, weight in zip(tight, weights, strict=True):
        y[index] = weight
    return x, y


def elastic(form: Form) -> Form:
    """Return the program that keeps the rows as far as possible: its optimum is 0 or proves."""
    columns = list(form.columns)
    rows, costs = [], {}
    for row in form.rows:
        linear = dict(row.linear)
        for sign in (1.0, -1.0):
            costs[len(columns)] = 1.0
            linear[len(columns)] = sign
            columns.append(Column(0.0, None))
        rows.append(Row(row.lower, row.upper, linear))
    return Form("minimize", tuple(Column(c.lower, c.upper) for c in columns), tuple(rows), costs)


def directions(form: Form) -> Form:
    """Return the program of the directions in which one may go for ever, at most 1 each way."""

    def away(lower: float | None, upper: float | None) -> tuple[float | None, float | None]:
        return None if lower is None else 0.0, None if upper is None else 0.0

    columns = []
    for column in form.columns:
        low, high = away(column.lower, column.upper)
        columns.append(Column(-1.0 if low is None else low, 1.0 if high is None else high))
    rows = tuple(Row(*away(row.lower, row.upper), row.linear) for row in form.rows)
    return Form(form.sense, tuple(columns), rows, form.linear)


def _costs(form: Form) -> list[Fraction]:
    sign = -1 if form.sense == "maximize" else 1
    return [sign * exact(form.linear.get(n, 0.0)) for n in range(len(form.columns))]


def _product(linear: Mapping[int, float], x: Vector) -> Fraction:
    return sum((exact(value) * x[index] for index, value in linear.items()), Fraction(0))


def _within(value: Fraction, lower: float | None, upper: float | None) -> bool:
    return (lower is None or value >= exact(lower)) and (upper is None or value <= exact(upper))


def _least(weight: Fraction, lower: float | None, upper: float | None) -> Fraction | None:
    """Return the least weight * v for v between bounds; None for minus infinity."""
    if weight == 0:
        return Fraction(0)
    side = lower if weight > 0 else upper
    return None if side is None else weight * exact(side)


def _plus(total: Fraction | None, more: Fraction | None) -> Fraction | None:
    return None if total is None or more is None else total + more


def _rest(part: Column | Row, status: str) -> Fraction:
    """Return where a column or row outside the basis stands."""
    if status == "kBasic":
        return Fraction(0)
    first, second = part.lower, part.upper
    if status == "kUpper":
        first, second = second, first
    side = first if first is not None else second
    return Fraction(0) if side is None or status == "kZero" else exact(side)


def _solve(matrix: Matrix, right: Vector) -> list[Fraction] | None:
    """Solve a square system by elimination; None when it is singular."""
    lines = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(lines)
    for at in range(size):
        pivot = next((n for n in range(at, size) if lines[n][at]), None)
        if pivot is None:
            return None
        lines[at], lines[pivot] = lines[pivot], lines[at]
        for n in range(size):
            if n != at and lines[n][at]:
                factor = lines[n][at] / lines[at][at]
                lines[n] = [a - factor * b for a, b in zip(lines[n], lines[at], strict=True)]
    return [lines[n][size] / lines[n][n] for n in range(size)]
