"""One hash for models that say the same: names, order, scale of rows do not matter."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

from tracegraph.envs.solver.form import Column, Expr, Form, Row, variables_of

_ROUNDS = 6
_DIGITS = 10


def model_hash(form: Form) -> str:
    """Return a hash of what a model says, 16 hexadecimal digits.

    Rows of one variable are taken for bounds, maximising f for minimising -f, and a free
    objective variable that one equation defines is replaced by its definition. Variables are
    told apart by colour refinement, so that (rarely) two models that differ only in how alike
    parts are joined have the same hash.
    """
    form = _normal(form)
    costs = {n: v for n, v in form.linear.items() if v}
    columns = [_digest(c.lower, c.upper, c.integer) for c in form.columns]
    used = set(costs).union(*(set(row.linear) for row in form.rows))
    for expr in (form.expr, *(row.expr for row in form.rows)):
        used |= variables_of(expr) if expr is not None else set()
    rows: list[str] = []
    for _ in range(_ROUNDS):
        rows = [
            _digest(row.lower, row.upper, _terms(row.linear, columns), _text(row.expr, columns))
            for row in form.rows
        ]
        seen: list[list[str]] = [[] for _ in columns]
        for row, colour in zip(form.rows, rows, strict=True):
            inside = variables_of(row.expr) if row.expr is not None else set()
            for n in set(row.linear) | inside:
                seen[n].append(_digest(row.linear.get(n, 0.0), colour, n in inside))
        columns = [
            _digest(columns[n], costs.get(n, 0.0), sorted(seen[n])) for n in range(len(columns))
        ]
    whole = _digest(
        form.offset, _terms(costs, columns), _text(form.expr, columns), sorted(rows),
        sorted(columns[n] for n in used),
    )  # fmt: skip
    return whole[:16]


def _normal(form: Form) -> Form:
    form = _without_objective_variable(form)
    if form.sense == "maximize":
        negated = None if form.expr is None else ("neg", form.expr)
        costs = {n: -v for n, v in form.linear.items()}
        form = replace(form, sense="minimize", linear=costs, offset=-form.offset, expr=negated)
    columns = list(form.columns)
    rows = []
    for row in form.rows:
        terms = {n: v for n, v in row.linear.items() if v}
        if row.expr is None and len(terms) == 1:
            [(n, value)] = terms.items()
            columns[n] = _tighter(columns[n], row, value)
        elif terms or row.expr is not None:
            rows.append(_scaled(replace(row, linear=terms)))
    return replace(form, columns=tuple(_whole(c) for c in columns), rows=tuple(rows))


def _without_objective_variable(form: Form) -> Form:
    """Replace ``z`` by ``f`` in "minimise z, z == f" (or z >= f) where z is free."""
    costs = {n: v for n, v in form.linear.items() if v}
    if form.expr is not None or len(costs) != 1:
        return form
    [(z, cost)] = costs.items()
    column = form.columns[z]
    uses = [row for row in form.rows if z in row.linear]
    hidden = any(row.expr is not None and z in variables_of(row.expr) for row in form.rows)
    if column != Column(None, None) or len(uses) != 1 or hidden:
        return form
    [row] = uses
    value = row.linear[z]
    pushed_down = (cost > 0) == (form.sense == "minimize")
    side = row.lower if pushed_down == (value > 0) else row.upper  # what stops z
    if side is None or (row.lower is not None and row.upper is not None and row.lower != row.upper):
        return form
    ratio = -cost / value
    rest = {n: ratio * v for n, v in row.linear.items() if n != z}
    expr: Expr | None = None if row.expr is None else ("*", ("number", ratio), row.expr)
    rows = tuple(other for other in form.rows if other is not row)
    return replace(form, linear=rest, offset=form.offset - ratio * side, expr=expr, rows=rows)


def _tighter(column: Column, row: Row, value: float) -> Column:
    low, high = row.lower, row.upper
    if value < 0:
        low, high = high, low
    lows = [b for b in (column.lower, None if low is None else low / value) if b is not None]
    highs = [b for b in (column.upper, None if high is None else high / value) if b is not None]
    return Column(max(lows, default=None), min(highs, default=None), column.integer)


def _whole(column: Column) -> Column:
    if not column.integer:
        return column
    low = None if column.lower is None else float(math.ceil(column.lower - 1e-9))
    high = None if column.upper is None else float(math.floor(column.upper + 1e-9))
    return Column(low, high, True)


def _scaled(row: Row) -> Row:
    """Return the row with a largest coefficient of 1 and, where it has one side, as <=."""
    lower, upper, terms, expr = row.lower, row.upper, row.linear, row.expr
    if expr is not None:
        return row
    scale = 1 / max(abs(v) for v in terms.values())
    values = sorted(_rounded(v * scale) for v in terms.values())
    flip = upper is None
    if lower is not None and upper is not None:
        flip = sorted(-v for v in values) > values
    scale = -scale if flip else scale
    sides = [None if side is None else side * scale for side in (lower, upper)]
    if flip:
        sides.reverse()
    return Row(sides[0], sides[1], {n: v * scale for n, v in terms.items()})


def _terms(linear: dict[int, float], columns: list[str]) -> list[tuple[float, str]]:
    return sorted((_rounded(v), columns[n]) for n, v in linear.items())


def _text(expr: Expr | None, columns: list[str]) -> str:
    if expr is None:
        return ""
    head, *rest = expr
    if head == "number":
        return repr(_rounded(rest[0]))
    if head == "variable":
        return columns[rest[0]]
    parts = [_text(part, columns) for part in _flat(head, rest)]
    return _digest(head, sorted(parts) if head in ("+", "*", "min", "max") else parts)


def _flat(head: str, parts: list[Expr]) -> list[Expr]:
    """Return the parts of nested sums or products as those of one, without factors of 1."""
    if head not in ("+", "*"):
        return parts
    flat: list[Expr] = []
    for part in parts:
        flat += _flat(head, list(part[1:])) if part[0] == head else [part]
    neutral = ("number", 0.0 if head == "+" else 1.0)
    return [part for part in flat if part != neutral] or [neutral]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") + 0.0


def _digest(*parts: object) -> str:
    shown = [_rounded(p) if isinstance(p, float) else p for p in parts]
    return hashlib.sha256(repr(shown).encode()).hexdigest()
