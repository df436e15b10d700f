"""Answers of the form ``@name[value]``: which a question asks for, which an answer has."""

from __future__ import annotations

import re

# As InfiAgent-DABench has it.
_FIELD = re.compile(r"@(\w+)\[(.*?)\]")
_ASKED = re.compile(r"@(\w+)\[")


def asked(question: str) -> tuple[str, ...]:
    """Return the names that a question asks for, in its order, each once."""
    return tuple(dict.fromkeys(_ASKED.findall(question)))


def given(answer: str) -> dict[str, str]:
    """Return the values of an answer by name; of a name that comes twice, the last."""
    return dict(_FIELD.findall(answer))


def lacking(question: str, answer: str) -> tuple[str, ...]:
    """Return the names that a question asks for and an answer does not have."""
    found = given(answer)
    return tuple(name for name in asked(question) if not found.get(name, "").strip())


def write(values: dict[str, str]) -> str:
    """Return values in that form, a line each."""
    return "\n".join(f"@{name}[{value}]" for name, value in values.items())
