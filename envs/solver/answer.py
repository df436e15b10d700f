"""The answer that a program prints: ``ANSWER`` and one JSON object, on a line of its own."""

from __future__ import annotations

import json
import math
import re
from typing import Any

SENTINEL = "ANSWER"
_UNIT = re.compile(r"(.*\S)\s+\[([^\[\]]+)\]")
_NUMBER = re.compile(r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_DEEPEST = 20


def read_answer(stdout: str) -> dict[str, float]:
    """Return the numbers of the last answer that was printed, by name; {} when there is none.

    Objects within the object are joined with dots, lists count from 0. Units, currency signs and
    thousands separators around a number are left out; what holds no number is left out too.
    """
    for line in reversed(stdout.splitlines()):
        head, found, text = line.strip().partition(SENTINEL)
        if not found or head:
            continue
        try:
            told = json.loads(text.strip().removeprefix(":"))
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            return dict(_numbers("", told, 0))
    return {}


def split_unit(name: str) -> tuple[str, str]:
    """Return a name without the unit at its end, and the unit: ("flour", "kg") of "flour [kg]".

    Brackets without a space before them hold an index, as in "x[1]": the unit is "".
    """
    match = _UNIT.fullmatch(name)
    return (match[1], match[2].strip()) if match else (name, "")


def _numbers(name: str, told: Any, depth: int) -> list[tuple[str, float]]:
    if depth > _DEEPEST:
        return []
    if isinstance(told, dict | list):
        items = told.items() if isinstance(told, dict) else enumerate(told)
        dotted = [(f"{name}.{key}" if name else str(key), value) for key, value in items]
        return [pair for key, value in dotted for pair in _numbers(key, value, depth + 1)]
    number = to_number(told)
    return [] if number is None else [(name, number)]


def to_number(told: Any) -> float | None:
    """Return a value as a finite number, also from a text such as "$1,200.50" or "1.5e6 kg"."""
    if isinstance(told, bool) or told is None:
        return None
    try:
        if isinstance(told, int | float):
            value = float(told)
        else:
            match = _NUMBER.search(str(told))
            value = float(match[0].replace(",", "")) if match else math.nan
    except (OverflowError, ValueError):
        return None
    return value if math.isfinite(value) else None
