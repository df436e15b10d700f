"""Rules of OSWorld's tasks about one value: a method, and what it refers to."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from tracegraph.envs.protocol import EvalError

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
_NEAR = 1e-6


def meets(value: Any, rule: dict[str, Any]) -> bool:
    """Return whether a value is as a rule says.

    Methods: eq, ne, lt, le, gt, ge; ``re`` and ``re.I`` with further flags; ``approx:0.1`` (without
    a number: nearly the same); ``range.et`` for a <= value < b; ``str_list_eq`` and
    ``str_set_eq`` of a text with commas; ``in`` and ``startswith``. A value of another kind than
    the rule's meets it not.

    Raises:
        EvalError: the method is not known.
    """
    method, ref = str(rule["method"]), rule["ref"]
    name, _, more = method.partition(":")
    try:
        if name in ("eq", "ne"):
            return _same(value, ref) != (name == "ne")
        if name in _ORDER:
            return bool(_ORDER[name](value, ref))
        if name == "approx":
            near = float(more) if more else _NEAR * max(1.0, abs(ref))
            return bool(abs(float(value) - ref) <= near)
        if name in ("str_list_eq", "str_set_eq"):
            kind: Callable[[Any], Any] = list if name == "str_list_eq" else set
            parts = value if isinstance(value, list) else str(value).strip("\"'").split(",")
            return bool(kind(parts) == kind(ref))
        if name == "in":
            return bool(value in ref)
        if name == "startswith":
            return str(value).startswith(ref)
    except (TypeError, ValueError):
        return False
    return _further(method, value, ref)


def _further(method: str, value: Any, ref: Any) -> bool:
    name, *flags = method.split(".")
    if name == "re":
        joined = re.RegexFlag(0)
        for flag in flags:
            joined |= getattr(re, flag)
        return isinstance(value, str) and re.search(ref, value, joined) is not None
    if name == "range" and len(flags) == 1 and re.fullmatch("[et][et]", flags[0]):
        left, right = (_ORDER[f"l{kind}"] for kind in flags[0])
        try:
            return bool(left(ref[0], value) and right(value, ref[1]))
        except TypeError:
            return False
    raise EvalError(f"a rule has the method {method}, which is unsupported")


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return abs(found - wanted) <= _NEAR * max(1.0, abs(wanted))
    return bool(found == wanted)
