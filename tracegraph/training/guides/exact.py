"""ExactMatch: the output is what is expected."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from tracegraph.training.guide import Judgement
from tracegraph.training.guides.wording import compared

if TYPE_CHECKING:
    from tracegraph.training.data import Example


class ExactMatch:
    """Scores 1 when the output equals what is expected, as values or as texts, else 0.

    Args:
        ignore_case: "Yes" is "yes".
        ignore_spaces: space around a text does not count, and any space inside is one blank.
        ignore_punctuation: "yes." is "yes"; signs of numbers still count, as in -5, 3.5 or 5%.
    """

    def __init__(
        self,
        *,
        ignore_case: bool = True,
        ignore_spaces: bool = True,
        ignore_punctuation: bool = False,
    ) -> None:
        self.ignore_case = ignore_case
        self.ignore_spaces = ignore_spaces
        self.ignore_punctuation = ignore_punctuation

    async def judge(self, example: Example, output: Any) -> Judgement:
        """Compare the output with what is expected."""
        return compared(self.equal(example.expected, output), example.expected, output)

    def equal(self, expected: Any, output: Any) -> bool:
        """Say whether two values are the same to this guide."""
        if type(expected) is type(output) and not isinstance(expected, str):
            return bool(expected == output)
        return self._normal(str(expected)) == self._normal(str(output))

    def _normal(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        if self.ignore_case:
            text = text.casefold()
        if self.ignore_punctuation:
            text = "".join(
                sign
                for sign, after in zip(text, text[1:] + " ", strict=True)
                if not unicodedata.category(sign).startswith("P")
                or sign == "%"
                or (sign in "-.," and after.isdigit())
            )
        return " ".join(text.split()) if self.ignore_spaces else text
