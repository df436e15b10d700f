"""A cell that showed nothing: which variable its last line set, so that it can be shown."""

from __future__ import annotations

import ast


def last_set(code: str) -> str | None:
    """Return the name that the last statement assigns to; None where it is no plain name."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):  # IPython's own syntax, say
        return None
    match body[-1:]:
        case [ast.Assign(targets=[*_, ast.Name(id=name)])]:
            return name
        case [ast.AugAssign(target=ast.Name(id=name))]:
            return name
        case [ast.AnnAssign(target=ast.Name(id=name), value=ast.expr())]:
            return name
    return None
