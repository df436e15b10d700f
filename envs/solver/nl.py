"""Read nonlinear models from AMPL's .nl text format (Gay, "Writing .nl files", 2005)."""

from __future__ import annotations

from typing import Any

from tracegraph.envs.solver.errors import ModelTextError
from tracegraph.envs.solver.form import Column, Expr, Form, Row

_UNARY = {
    13: "floor", 14: "ceil", 15: "abs", 16: "neg", 37: "tanh", 38: "tan", 39: "sqrt", 40: "sinh",
    41: "sin", 42: "log10", 43: "log", 44: "exp", 45: "cosh", 46: "cos", 49: "atan", 51: "asin",
    53: "acos",
}  # fmt: skip
# 76 is a power with a constant exponent.
_BINARY = {0: "+", 1: "-", 2: "*", 3: "/", 5: "^", 76: "^"}
_SQUARE = 77
_MANY = {11: "min", 12: "max", 54: "+"}


def read(text: str) -> Form:
    """Return the model of a .nl text.

    Raises:
        ModelTextError: it is no .nl text, or it uses what solvers of such models seldom take
            (logical constraints, functions of libraries).
    """
    try:
        return _Reader(text).form()
    except (IndexError, KeyError, ValueError) as error:
        raise ModelTextError(f"this is no .nl text that can be read: {error!r}") from error


class _Reader:
    """Walks over the lines once."""

    def __init__(self, text: str) -> None:
        self._lines = [line.split("#")[0].strip() for line in text.splitlines()]
        if not self._lines or not self._lines[0].startswith("g"):
            raise ModelTextError("this is no .nl text: it does not begin with g")
        self._at = 10
        self._defined: dict[int, Expr] = {}

    def form(self) -> Form:
        """Return what the lines say."""
        columns, rows = self._numbers(1)[:2]
        integer = self._integer(columns)
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * columns
        sides: list[tuple[float | None, float | None]] = [(None, None)] * rows
        exprs: list[Expr | None] = [None] * rows
        linear: list[dict[int, float]] = [{} for _ in range(rows)]
        costs: dict[int, float] = {}
        objective: Expr | None = None
        maximize = False
        while self._at < len(self._lines):
            line = self._next()
            letter, rest = line[:1], line[1:].split()
            if letter == "b":
                bounds = [_bounds(self._next()) for _ in range(columns)]
            elif letter == "r":
                sides = [_bounds(self._next()) for _ in range(rows)]
            elif letter == "C":
                exprs[int(rest[0])] = self._expr()
            elif letter == "O":
                maximize = rest[1] == "1"
                objective = self._expr()
            elif letter == "V":
                self._definition(int(rest[0]), int(rest[1]))
            elif letter == "J":
                linear[int(rest[0])] = self._terms(int(rest[1]))
            elif letter == "G":
                costs = self._terms(int(rest[1]))
            elif letter in ("k", "x", "d"):
                self._at += int(rest[0])
            elif letter in ("F", "L", "S"):
                raise ModelTextError(f"this .nl text has a segment {letter}, which is not read")
        offset, objective = _constant(objective)
        made = []
        for n in range(rows):
            shift, expr = _constant(exprs[n])
            lower, upper = sides[n]
            made.append(
                Row(
                    None if lower is None else lower - shift,
                    None if upper is None else upper - shift,
                    linear[n], expr,
                )
            )  # fmt: skip
        return Form(
            "maximize" if maximize else "minimize",
            tuple(Column(*bounds[n], integer[n]) for n in range(columns)),
            tuple(made), costs, offset, objective,
        )  # fmt: skip

    def _next(self) -> str:
        self._at += 1
        return self._lines[self._at - 1]

    def _numbers(self, line: int) -> list[int]:
        return [int(word) for word in self._lines[line].split()]

    def _integer(self, columns: int) -> list[bool]:
        # Variables come in blocks: nonlinear in rows and objective, in rows only, in the
        # objective only, then linear ones; the whole ones last in each block.
        in_rows, in_objective, in_both = self._numbers(4)[:3]
        binary, whole, both_whole, rows_whole, objective_whole = self._numbers(6)[:5]
        integer = [False] * columns
        nonlinear = max(in_rows, in_objective)
        for end, count in (
            (in_both, both_whole), (in_rows, rows_whole), (nonlinear, objective_whole),
            (columns, binary + whole),
        ):  # fmt: skip
            integer[end - count : end] = [True] * count
        return integer

    def _terms(self, count: int) -> dict[int, float]:
        pairs = [self._next().split() for _ in range(count)]
        return {int(index): float(value) for index, value in pairs if float(value)}

    def _definition(self, index: int, count: int) -> None:
        terms = self._terms(count)
        parts: list[Any] = [("*", ("number", v), ("variable", n)) for n, v in terms.items()]
        self._defined[index] = ("+", *parts, self._expr())

    def _expr(self) -> Expr:
        token = self._next()
        letter, rest = token[:1], token[1:]
        if letter == "n":
            return ("number", float(rest))
        if letter == "v":
            return self._defined.get(int(rest)) or ("variable", int(rest))
        if letter != "o":
            raise ModelTextError(f"this .nl text has a term {token!r}, which is not read")
        code = int(rest)
        if code == _SQUARE:
            return ("^", self._expr(), ("number", 2.0))
        if code in _UNARY:
            return (_UNARY[code], self._expr())
        if code in _BINARY:
            return (_BINARY[code], self._expr(), self._expr())
        if code in _MANY:
            return (_MANY[code], *[self._expr() for _ in range(int(self._next()))])
        raise ModelTextError(f"this .nl text has the operator {token}, which is not read")


def _bounds(line: str) -> tuple[float | None, float | None]:
    kind, *values = line.split()
    numbers = [float(value) for value in values]
    if kind == "0":
        return numbers[0], numbers[1]
    if kind == "1":
        return None, numbers[0]
    if kind == "2":
        return numbers[0], None
    return (numbers[0], numbers[0]) if kind == "4" else (None, None)


def _constant(expr: Expr | None) -> tuple[float, Expr | None]:
    if expr is not None and expr[0] == "number":
        return float(expr[1]), None
    return 0.0, expr
