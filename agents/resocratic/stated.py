"""Numbers that a text states: digits, percents, and small numbers in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

_NUMBER = re.compile(
    r"(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.])-?\d*\.?\d+(?:[eE][+-]?\d+)?"
)
_ORDER = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
_WORDS = {word: float(value) for value, word in enumerate(_ORDER.split(" "))} | {
    "once": 1.0, "twice": 2.0, "double": 2.0, "thrice": 3.0, "triple": 3.0, "dozen": 12.0,
    "half": 0.5, "third": 1 / 3, "quarter": 0.25, "thirty": 30.0, "forty": 40.0, "fifty": 50.0,
    "hundred": 100.0, "thousand": 1000.0, "square": 2.0, "squared": 2.0, "round": math.pi,
}  # fmt: skip
# What a formula may contain without a word about it.
_SILENT = (0.0, 1.0, math.pi)


def stated(text: str) -> set[float]:
    """Return the numbers of a text; a percentage also as a fraction."""
    said = text.replace("\u2212", "-")
    found = {float(m.group().replace(",", "")) for m in _NUMBER.finditer(said)}
    found |= {value / 100 for value in found if re.search(r"%|percent|per cent", said)}
    found |= {_WORDS[word] for word in re.findall(r"[a-z]+", said.lower()) if word in _WORDS}
    return found | {abs(value) for value in found}


def unstated(numbers: Iterable[float], text: str) -> list[float]:
    """Return the numbers that a text does not state, in their order, each once."""
    known = [*stated(text), *_SILENT]
    missing = [
        abs(number)
        for number in numbers
        if not any(math.isclose(abs(number), each, rel_tol=1e-9) for each in known)
    ]
    return list(dict.fromkeys(missing))


def plain(number: float) -> str:
    """Return a number as people write it: 12 rather than 12.0."""
    return str(int(number)) if number == int(number) else f"{number:.10g}"
