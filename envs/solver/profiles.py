"""When two numbers count as equal: the rules of several papers, by name, and a strict one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tracegraph.errors import TracegraphError

Close = Callable[[float, str], bool]


@dataclass(frozen=True, slots=True)
class Profile:
    """A scoring rule.

    Attributes:
        close: whether a number is that of a label, which is given as it is written.
        all_keys: every value of the label must be met, else the objective only.
        relaxed: the optimum with or without integrality will do.
        source: where the rule is from.
    """

    name: str
    close: Close
    source: str
    all_keys: bool = False
    relaxed: bool = False


def half_ulp(label: str) -> float:
    """Return half of the last digit that a label gives after its point; 0 for whole numbers.

    Labels such as 23.0 come from printing a float: their one zero is no digit that was measured.
    """
    mantissa, _, exponent = label.strip().lower().partition("e")
    _, point, digits = mantissa.partition(".")
    if not point or not digits.strip("0"):
        return 0.0
    return 0.5 * 10.0 ** (int(exponent or 0) - len(digits)) * (1 + 1e-9)


def _strict(value: float, label: str) -> bool:
    right = float(label)
    return abs(value - right) <= max(1e-6 * max(abs(value), abs(right)), half_ulp(label), 1e-9)


def _absolute(value: float, label: str) -> bool:
    return abs(value - float(label)) < 1e-4


def _relative(value: float, label: str) -> bool:
    right = float(label)
    return abs(value - right) <= 1e-4 * max(1.0, abs(right))


def _rounded(value: float, label: str) -> bool:
    one, other = round(value), round(float(label))
    return one == other if other == 0 else abs(one - other) <= 0.05 * abs(other)


def _shifted(value: float, label: str) -> bool:
    right = float(label)
    return abs(value - right) / (abs(right) + 1) <= 1e-6


def _profiles() -> Mapping[str, Profile]:
    made = (
        Profile("strict", _strict, "relative 1e-6, or half of the label's last digit"),
        Profile("optibench", _absolute, "ReSocratic (2025): all within 1e-4", all_keys=True),
        Profile("nl4opt", _relative, "relative 1e-4, with or without integrality, which the "
                "annotation leaves open", relaxed=True),
        Profile("orlm", _rounded, "ORLM (2024): rounded to whole numbers, then within 5 %"),
        Profile("sirl", _shifted, "SIRL (2025): within 1e-6 of |label| + 1"),
    )  # fmt: skip
    return {profile.name: profile for profile in made}


def profile_of(name: str) -> Profile:
    """Return a profile by its name.

    Raises:
        TracegraphError: there is none of that name.
    """
    known = _profiles()
    if name not in known:
        raise TracegraphError(f"there is no profile {name!r}; use {', '.join(known)}")
    return known[name]
