"""Linear models as free-format MPS with plain names, exact to the last digit."""

from __future__ import annotations

from collections.abc import Iterator

from tracegraph.envs.solver.errors import ModelTextError
from tracegraph.envs.solver.form import Column, Form, Row


def write(form: Form) -> str:
    """Return the model as MPS: columns x0, x1, …, rows c0, c1, …

    The names that the program used stay beside the text: many of them no MPS reader takes.
    """
    if not form.is_linear:
        raise ModelTextError("MPS holds linear models only; write this one as .nl")
    return "\n".join(_lines(form)) + "\n"


def _lines(form: Form) -> Iterator[str]:
    yield "NAME model FREE"
    yield "OBJSENSE"
    yield f"    {'MAX' if form.sense == 'maximize' else 'MIN'}"
    yield "ROWS"
    yield " N obj"
    for n, row in enumerate(form.rows):
        yield f" {_letter(row)} c{n}"
    yield "COLUMNS"
    entries: list[list[str]] = [[] for _ in form.columns]
    for at, cost in form.linear.items():
        entries[at].append(f" x{at} obj {cost!r}")
    for n, row in enumerate(form.rows):
        for at, value in row.linear.items():
            entries[at].append(f" x{at} c{n} {value!r}")
    within = False
    for n, column in enumerate(form.columns):
        if column.integer != within:
            within = column.integer
            yield f" M{n} 'MARKER' {repr('INTORG') if within else repr('INTEND')}"
        yield from entries[n] or [f" x{n} obj 0.0"]
    if within:
        yield " MEND 'MARKER' 'INTEND'"
    yield "RHS"
    if form.offset:
        yield f" RHS obj {-form.offset!r}"
    for n, row in enumerate(form.rows):
        side = row.upper if _letter(row) in "LE" else row.lower
        if side:
            yield f" RHS c{n} {side!r}"
    ranged = [(n, row) for n, row in enumerate(form.rows) if _ranged(row)]
    if ranged:
        yield "RANGES"
        for n, row in ranged:
            assert row.lower is not None
            assert row.upper is not None
            yield f" RNG c{n} {row.upper - row.lower!r}"
    yield "BOUNDS"
    for n, column in enumerate(form.columns):
        if column.lower is None and column.upper is None:
            yield f" FR BND x{n}"
            continue
        yield f" MI BND x{n}" if column.lower is None else f" LO BND x{n} {column.lower!r}"
        yield f" PL BND x{n}" if column.upper is None else f" UP BND x{n} {column.upper!r}"
    yield "ENDATA"


def _ranged(row: Row) -> bool:
    return row.lower is not None and row.upper is not None and row.lower != row.upper


def _letter(row: Row) -> str:
    if row.lower is None:
        return "N" if row.upper is None else "L"
    return "E" if row.upper == row.lower else "G"


def read(text: str) -> Form:
    """Return the model of a text that ``write`` made.

    Raises:
        ModelTextError: the text is something else.
    """
    try:
        return _read(text)
    except (KeyError, ValueError, IndexError) as error:
        raise ModelTextError(f"this is no MPS of ours: {error!r}") from error


def _read(text: str) -> Form:
    section, maximize, integer = "", False, False
    letters: dict[str, str] = {}
    columns: dict[str, dict[str, float]] = {}
    whole: dict[str, bool] = {}
    sides: dict[str, float] = {}
    ranges: dict[str, float] = {}
    bounds: dict[str, list[float | None]] = {}
    for line in text.splitlines():
        words = line.split()
        if not line.startswith(" "):
            section = words[0]
        elif section == "OBJSENSE":
            maximize = words[0] == "MAX"
        elif section == "ROWS":
            letters[words[1]] = words[0]
        elif section == "COLUMNS" and words[1] == "'MARKER'":
            integer = words[2] == "'INTORG'"
        elif section == "COLUMNS":
            columns.setdefault(words[0], {})[words[1]] = float(words[2])
            whole[words[0]] = integer
            bounds.setdefault(words[0], [0.0, None])
        elif section in ("RHS", "RANGES"):
            (sides if section == "RHS" else ranges)[words[1]] = float(words[2])
        elif section == "BOUNDS":
            at = 0 if words[0] in ("LO", "MI", "FR") else 1
            bounds[words[2]][at] = float(words[3]) if words[0] in ("LO", "UP") else None
    names = [name for name in letters if name != "obj"]
    index = {name: n for n, name in enumerate(columns)}
    rows = []
    for name in names:
        side = sides.get(name, 0.0)
        lower = side if letters[name] in "GE" else None
        upper = side if letters[name] in "LE" else None
        if name in ranges:
            upper = side + ranges[name]
        terms = {index[c]: values[name] for c, values in columns.items() if name in values}
        rows.append(Row(lower, upper, terms))
    costs = {index[c]: values["obj"] for c, values in columns.items() if values.get("obj")}
    return Form(
        "maximize" if maximize else "minimize",
        tuple(Column(bounds[c][0], bounds[c][1], whole[c]) for c in columns),
        tuple(rows),
        costs,
        -sides.get("obj", 0.0),
    )
