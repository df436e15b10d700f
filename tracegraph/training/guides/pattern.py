"""Pattern: the output has a form, and the part of it that counts is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tracegraph.training.guide import GuideError, Judgement
from tracegraph.training.guides.exact import ExactMatch
from tracegraph.training.guides.wording import compared, quoted

if TYPE_CHECKING:
    from tracegraph.training.data import Example


class Pattern:
    r"""Scores 1 when a regular expression is found in the output.

    With a group in it, what the group holds in the last place that matches must also equal what
    is expected: ``Pattern(r"answer: (\w+)")``.

    Args:
        pattern: a regular expression of Python's.
        compare: how the group is compared with what is expected.
    """

    def __init__(self, pattern: str, *, compare: ExactMatch | None = None) -> None:
        try:
            self.pattern = re.compile(pattern)
        except re.error as error:
            raise GuideError(f"{pattern!r} is no regular expression: {error}") from error
        self.compare = compare or ExactMatch()

    async def judge(self, example: Example, output: Any) -> Judgement:
        """Look for the pattern in the output's text."""
        found = list(self.pattern.finditer(str(output)))
        if not found:
            return Judgement(
                0.0, f"Wrong form: {quoted(output)} does not match {self.pattern.pattern}."
            )
        if not self.pattern.groups:
            return Judgement(1.0, f"Correct form: {quoted(found[0].group())}.")
        answer = found[-1].group(1)
        return compared(self.compare.equal(example.expected, answer), example.expected, answer)
