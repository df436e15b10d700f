"""A model as numbers and expressions: what all formats are read into."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tracegraph.envs.solver.run import ModelKind, Sense

# ("number", value), ("variable", index), or an operator of OPERATORS with its arguments.
Expr = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Bounds of a variable (None: none) and whether it must be whole."""

    lower: float | None
    upper: float | None
    integer: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """``lower <= linear + expr <= upper``; ``linear`` maps indices of columns to coefficients."""

    lower: float | None
    upper: float | None
    linear: dict[int, float]
    expr: Expr | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """Optimise ``offset + linear + expr`` over columns and rows."""

    sense: Sense
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    linear: dict[int, float]
    offset: float = 0.0
    expr: Expr | None = None
    names: tuple[str, ...] = field(default=(), compare=False)
    row_names: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_linear(self) -> bool:
        """Whether there are no expressions."""
        return self.expr is None and all(row.expr is None for row in self.rows)

    @property
    def kind(self) -> ModelKind:
        """The class of the model."""
        degrees = [degree(row.expr) for row in self.rows if row.expr is not None]
        if self.expr is not None:
            degrees.append(degree(self.expr))
        discrete = any(column.integer for column in self.columns)
        most = max(degrees, default=1.0)
        if most <= 1:
            return "MILP" if discrete else "LP"
        if most <= 2:
            return "MIQP" if discrete else "QP"
        return "MINLP" if discrete else "NLP"

    def relaxed(self) -> Form:
        """Return the model with every variable continuous."""
        columns = tuple(Column(c.lower, c.upper) for c in self.columns)
        return Form(
            self.sense, columns, self.rows, self.linear, self.offset, self.expr, self.names,
            self.row_names,
        )  # fmt: skip

    def objective_at(self, point: Sequence[float]) -> float:
        """Return the objective at a point."""
        return self.offset + _at(self.linear, self.expr, point)

    def row_at(self, row: Row, point: Sequence[float]) -> float:
        """Return what a row's bounds speak of, at a point."""
        return _at(row.linear, row.expr, point)

    def violation(self, point: Sequence[float]) -> tuple[float, str]:
        """Return by how much a point breaks the model at most, relative to size, and where."""
        worst, where = 0.0, ""

        def see(value: float, lower: float | None, upper: float | None, what: str) -> None:
            nonlocal worst, where
            over = max(
                0.0 if lower is None else lower - value, 0.0 if upper is None else value - upper
            )
            size = max(1.0, abs(lower or 0.0), abs(upper or 0.0))
            if not over / size <= worst:  # also when it is no number
                worst, where = over / size, what

        for index, column in enumerate(self.columns):
            name = self.names[index] if index < len(self.names) else f"variable {index}"
            see(point[index], column.lower, column.upper, name)
            if column.integer:
                see(abs(point[index] - round(point[index])), None, 0.0, f"{name} (whole)")
        for index, row in enumerate(self.rows):
            name = self.row_names[index] if index < len(self.row_names) else f"row {index}"
            see(self.row_at(row, point), row.lower, row.upper, name)
        return worst, where


def _at(linear: dict[int, float], expr: Expr | None, point: Sequence[float]) -> float:
    total = math.fsum(value * point[index] for index, value in linear.items())
    return total if expr is None else total + evaluate(expr, point)


def _power(base: float, exponent: float) -> float:
    value = base**exponent
    return math.nan if isinstance(value, complex) else value


OPERATORS: dict[str, Callable[..., float]] = {
    "+": lambda *args: math.fsum(args),
    "*": lambda *args: math.prod(args),
    "-": lambda a, b: a - b, "/": lambda a, b: a / b, "^": _power, "neg": lambda a: -a,
    "abs": abs, "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "log10": math.log10,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "tanh": math.tanh, "sinh": math.sinh,
    "cosh": math.cosh, "asin": math.asin, "acos": math.acos, "atan": math.atan,
    "min": min, "max": max, "floor": math.floor, "ceil": math.ceil,
}  # fmt: skip


def evaluate(expr: Expr, point: Sequence[float]) -> float:
    """Return the value of an expression at a point; not-a-number outside of its domain."""
    head, *rest = expr
    if head == "number":
        return float(rest[0])
    if head == "variable":
        return point[rest[0]]
    try:
        return OPERATORS[head](*(evaluate(part, point) for part in rest))
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan


def degree(expr: Expr) -> float:
    """Return the degree of a polynomial; infinity for what is none."""
    head, *rest = expr
    if head == "number":
        return 0
    if head == "variable":
        return 1
    degrees = [degree(part) for part in rest]
    if max(degrees) == 0:
        return 0
    if head in ("+", "-", "neg"):
        return max(degrees)
    if head == "*":
        return sum(degrees)
    if head == "/" and degrees[1] == 0:
        return degrees[0]
    if head == "^" and degrees[1] == 0:
        exponent = evaluate(rest[1], ())
        if exponent >= 0 and exponent == int(exponent):
            return degrees[0] * exponent
    return math.inf


def variables_of(expr: Expr) -> set[int]:
    """Return the indices of the variables in an expression."""
    head, *rest = expr
    if head == "number":
        return set()
    if head == "variable":
        return {rest[0]}
    return set().union(*(variables_of(part) for part in rest))


def exact(value: float) -> Fraction:
    """Return the short decimal that a float stands for, as 1/10 for 0.1."""
    return Fraction(repr(value))
