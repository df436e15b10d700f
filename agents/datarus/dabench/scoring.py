"""Scores of answers in the form ``@name[value]``."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracegraph.agents.datarus import fields
from tracegraph.envs import Score

_EXACT = 1e-6  # as published: texts alike, or numbers closer than this
_RELATIVE = 0.01


def score(answers: Mapping[str, str], answer: str) -> Score:
    """Return how many sub-questions an answer has right, as a share.

    The parts: "exact" and "tolerant" (1 if all are right), "exact_share" and "tolerant_share",
    and "parts" (how many there are). Exact is as published; tolerant takes numbers within 1 % or
    half a unit of the label's last digit, and texts in any case and quotes.

    Args:
        answers: the right values by name.
        answer: the final answer of an agent.
    """
    given = fields.given(answer)
    exact = {name: equal(given.get(name), label) for name, label in answers.items()}
    near = {name: exact[name] or close(given.get(name), label) for name, label in answers.items()}
    share = sum(exact.values()) / len(answers)
    parts = {
        "exact": float(all(exact.values())),
        "exact_share": share,
        "tolerant": float(all(near.values())),
        "tolerant_share": sum(near.values()) / len(answers),
        "parts": float(len(answers)),
    }
    wrong = [
        f"{name} should be {label} and is {given[name]}" if name in given else f"{name} is missing"
        for name, label in answers.items()
        if not exact[name]
    ]
    return Score(share, parts, "; ".join(wrong) or "All parts of the answer are right.")


def equal(value: str | None, label: str) -> bool:
    """Whether a value is right as published."""
    if value is None:
        return False
    if value == label:
        return True
    one, other = _number(value), _number(label)
    return one is not None and other is not None and abs(one - other) < _EXACT


def close(value: str | None, label: str) -> bool:
    """Whether a value is right within the tolerance."""
    if value is None:
        return False
    one, other = _number(value.rstrip("%")), _number(label.rstrip("%"))
    if one is None or other is None:
        return _plain(value) == _plain(label)
    return abs(one - other) <= max(_RELATIVE * abs(other), 0.5 * _unit(label) * 1.0001)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _unit(label: str) -> float:
    """Return what one unit of the last digit is worth: 0.01 for "34.65"."""
    digits = label.partition("e")[0].partition(".")[2]
    # A whole number is a count, and a count is right or wrong.
    return float(10.0 ** -len(digits)) if digits else 0.0


def _plain(text: str) -> str:
    return text.strip().strip("\"'").casefold()
