"""Numbers and sentences of a question, and which of them a piece of a model speaks of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?")
_WORD = re.compile(r"[a-z]{3,}")
_END = re.compile(r"(?<=[.!?;])\s+|\n+")
# Words that say nothing about which sentence is meant.
_COMMON = frozenset(
    ("the", "and", "for", "that", "must", "can", "are", "with", "each", "than", "per", "not",
     "all", "any", "more", "less", "most", "least", "var", "cons", "obj")
)  # fmt: skip
_ABSENT = 1e-9


def sentences(text: str) -> list[str]:
    """Return the sentences and table rows of a text."""
    return [part.strip() for part in _END.split(text) if part.strip()]


def numbers(text: str) -> list[float]:
    """Return the numbers that a text writes in digits, thousands separators left out."""
    return [float(found.replace(",", "")) for found in _NUMBER.findall(text)]


def constants(code: str) -> set[float]:
    """Return the numbers that a program writes, also in texts of several lines (tables)."""
    found: set[float] = set()
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(numbers(code))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            found.add(float(node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(numbers(node.value) if "\n" in node.value else ())
    return found


def unused_numbers(
    question: str, code: str, model: Iterable[float] = ()
) -> list[tuple[float, str]]:
    """Return numbers of the question that neither the program nor its model has, with sentences.

    A percentage may be written as a fraction. Numbers below 3 are left out: they count things
    ("two kinds") more often than they measure.
    """
    there = {abs(value) for value in (*constants(code), *model)}
    missing: list[tuple[float, str]] = []
    for sentence in sentences(question):
        for number in numbers(sentence):
            size = abs(number)
            alike = (size, size / 100, 1 - size / 100, 1 + size / 100, size * 100)
            known = any(abs(a - b) <= _ABSENT * max(1.0, b) for a in alike for b in there)
            if size >= 3 and not known and number not in [n for n, _ in missing]:
                missing.append((number, sentence))
    return missing


def sentence_of(question: str, words: str, values: Iterable[float]) -> str:
    """Return the sentence that shares most numbers and words with a constraint; "" for none."""
    wanted = {abs(value) for value in values if value not in (0, 1, -1)}
    stems = _stems(words)
    best, most = "", 0.0
    for sentence in sentences(question):
        there = {abs(n) for n in numbers(sentence)}
        there |= {n / 100 for n in there}
        score = 2.0 * len(wanted & there) + len(stems & _stems(sentence))
        if score > most:
            best, most = sentence, score
    return best


def _stems(text: str) -> set[str]:
    found = _WORD.findall(re.sub(r"[_\d]", " ", text).lower())
    return {word.rstrip("s")[:6] for word in found if word not in _COMMON}
