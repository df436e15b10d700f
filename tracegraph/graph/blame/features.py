"""What can be seen of a value: a few numbers and labels, whatever its type."""

from __future__ import annotations

import math
from typing import Any

Features = dict[str, float | str]
_LABEL = 60  # longer texts are not labels
_COMPARED = 5  # the arguments of a call that are compared with each other


def features_of(value: Any, name: str = "value", depth: int = 2) -> Features:
    """Return named features of a value: numbers where it has them, labels otherwise."""
    kind = type(value)
    found: Features = {}
    if kind is bool or value is None:
        found[name] = str(value)
    elif kind in (int, float):
        found |= _of_number(value, name)
    elif isinstance(value, str):
        found[f"length of {name}"] = float(len(value))
        found[f"words of {name}"] = float(value.count(" ") + 1)
        found[f"{name} has digits"] = str(any(c.isdigit() for c in value))
        if len(value) <= _LABEL:
            found[name] = repr(value)
    elif isinstance(value, (list, tuple, set, frozenset)):
        found |= _of_items(list(value), name, depth)
    elif isinstance(value, dict):
        found[f"length of {name}"] = float(len(value))
        if depth:
            for key, part in list(value.items())[:20]:
                found |= features_of(part, f"{name}[{key!r}]", depth - 1)
    else:
        found[f"type of {name}"] = kind.__name__
        text = repr(value)
        if len(text) <= _LABEL and " at 0x" not in text:
            found[name] = text
    return found


def features_of_call(arguments: dict[str, Any]) -> Features:
    """Return the features of all arguments of a call, and how they compare."""
    found: Features = {}
    for name, value in arguments.items():
        found |= features_of(value, name)
    simple = [(k, v) for k, v in arguments.items() if type(v) in (int, float, str, bool)]
    for i, (a, x) in enumerate(simple[:_COMPARED]):
        for b, y in simple[i + 1 : _COMPARED]:
            if isinstance(x, str) or isinstance(y, str):
                found[f"({a} == {b})"] = str(x == y)
            elif math.isfinite(x - y):
                found[f"{a} - {b}"] = float(x - y)
    return found


def _of_number(value: float, name: str) -> Features:
    if not math.isfinite(value) or abs(value) > 1e300:
        return {f"{name} is": str(value)}
    found: Features = {name: float(value)}
    if value == int(value) and abs(value) < 1e15:
        found[f"{name} is even"] = str(int(value) % 2 == 0)
    return found


def _of_items(items: list[Any], name: str, depth: int) -> Features:
    found: Features = {f"length of {name}": float(len(items))}
    if not items:
        return found
    found[f"{name} repeats"] = str(len(items) > len({repr(i) for i in items}))
    if all(is_number(i) for i in items):
        numbers = [float(i) for i in items]
        found |= {f"smallest of {name}": min(numbers), f"largest of {name}": max(numbers),
                  f"sum of {name}": sum(numbers)}  # fmt: skip
    if depth:
        found |= features_of(items[0], f"{name}[0]", depth - 1)
        if len(items) > 1:
            found |= features_of(items[-1], f"{name}[-1]", depth - 1)
    return found


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and not a truth value."""
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e300
