"""Numeric: the number in the output is near what is expected."""

from __future__ import annotations

import math
import re
from numbers import Real
from typing import TYPE_CHECKING, Any

from tracegraph.training.guide import GuideError, Judgement
from tracegraph.training.guides.wording import quoted

if TYPE_CHECKING:
    from tracegraph.training.data import Example

# 1,234.5 and -1e-3, but not the 3 of "v3" nor the minus of "4-3".
_NUMBER = re.compile(
    r"(?<![\w.])[-+\u2212]?\$?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
    r"(?:[eE][-+]?[0-9]+)?(?!\w)"
)


class Numeric:
    """Scores 1 when the output's number is within a tolerance of what is expected, else 0.

    In a text it is the last number: models give reasons first and the answer at the end.

    Args:
        absolute: the largest difference.
        relative: the largest difference as a share of what is expected; the larger one counts.
    """

    def __init__(self, absolute: float = 1e-6, *, relative: float = 0.0) -> None:
        if not (0 <= absolute < math.inf and 0 <= relative < math.inf):
            raise GuideError(f"tolerances are 0 or more, not {absolute} and {relative}")
        self.absolute = absolute
        self.relative = relative

    async def judge(self, example: Example, output: Any) -> Judgement:
        """Compare the output's number.

        Raises:
            GuideError: the example expects no number.
        """
        expected = number_in(example.expected)
        if expected is None:
            raise GuideError(
                f"example {example.id} expects {quoted(example.expected)}, which is no number"
            )
        came = number_in(output)
        if came is None:
            return Judgement(
                0.0, f"Wrong: expected the number {expected:g}, got none in {quoted(output)}."
            )
        allowed = max(self.absolute, self.relative * abs(expected))
        off = abs(came - expected)
        if off <= allowed:
            return Judgement(1.0, f"Correct: {came:.10g}.")
        return Judgement(
            0.0,
            f"Wrong: expected {expected:.10g}, got {came:.10g}, which is off by {off:.4g} where "
            f"{allowed:.4g} is allowed.",
        )


def number_in(value: Any) -> float | None:
    """Return a number, or the last one in a text; None where there is none that is finite."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    found = _NUMBER.findall(str(value))
    if not found:
        return None
    number = float(found[-1].replace(",", "").replace("$", "").replace("\u2212", "-"))
    return number if math.isfinite(number) else None
