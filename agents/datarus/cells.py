"""The history: cells as the model reads them again, shortened when they become too long."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

_HEAD = 300  # characters that stay of an output at the first and at the second shortening
_LINE = 100
_SHORTEST = 200  # of the newest output


@dataclass(frozen=True, slots=True)
class Done:
    """A cell that was run, as the model reads it.

    Attributes:
        output: what the notebook says of it; not escaped.
        error: short; empty when it ran.
        pngs: its figures.
        silent: whether it ran and showed nothing.
    """

    thought: str
    code: str
    output: str
    error: str = ""
    pngs: tuple[bytes, ...] = ()
    silent: bool = False


def remembered(cells: Sequence[Done]) -> list[Done]:
    """Return the cells that stay in the history: of failures in a row only the last.

    A failure that was corrected stays too where it was the last one: the model sees what
    it corrected.
    """
    return [
        cell
        for cell, following in itertools.zip_longest(cells, cells[1:])
        if not (cell.error and following is not None and following.error)
    ]


def fitted(
    cells: Sequence[Done], size: Callable[[Sequence[Done]], int], limit: int
) -> tuple[list[Done], int]:
    """Return the cells so that their prompt fits, and how many were shortened.

    The oldest are shortened first: the output to its ends, then the cell to its thought and one
    line, then it is left out. Of the newest only the output is cut.

    Args:
        cells: the history, the oldest first.
        size: the tokens of the prompt with such a history.
        limit: the tokens that it may have.
    """
    kept: list[Done | None] = list(cells)
    touched: set[int] = set()

    def present() -> list[Done]:
        return [cell for cell in kept if cell is not None]

    for shorten in (_ends, _line, _nothing):
        for place in range(len(kept) - 1):
            if size(present()) <= limit:
                return present(), len(touched)
            cell = kept[place]
            if cell is not None:
                kept[place] = shorten(cell)
                touched.add(place)
    while kept and size(present()) > limit:
        newest = kept[-1]
        if newest is None or len(newest.output) <= _SHORTEST:
            break
        kept[-1] = replace(newest, output=cut(newest.output, len(newest.output) // 2), pngs=())
        touched.add(len(kept) - 1)
    return present(), len(touched)


_CUT = re.compile(r"\n… \d+ characters left out …\n")


def cut(text: str, length: int) -> str:
    """Return the two ends of a text that is longer than this many characters."""
    if len(text) <= length:
        return text
    half = max(1, length // 2)
    head, tail = _CUT.sub("\n", text[:half]), _CUT.sub("\n", text[-half:])
    return f"{head}\n… {len(text) - 2 * half} characters left out …\n{tail}"


def _ends(cell: Done) -> Done:
    return replace(cell, output=cut(cell.output, _HEAD), pngs=())


def _line(cell: Done) -> Done:
    lines = cell.code.count("\n") + 1
    return replace(
        cell, code=f"# {lines} lines that were run", output=cut(cell.output, _LINE), pngs=()
    )


def _nothing(cell: Done) -> None:
    return None


class Ruler:
    """Counts tokens between calls: exact counts of the server say how long a token is."""

    def __init__(self, characters: float = 2.7) -> None:
        self._characters = characters

    def tokens(self, messages: Sequence[dict[str, object]]) -> int:
        """Return about how many tokens messages have; rather too many."""
        return int(self.length(messages) / self._characters) + 8 * len(messages)

    def learn(self, messages: Sequence[dict[str, object]], counted: int) -> None:
        """Take over what a server counted."""
        if counted > 0:
            exact = self.length(messages) / counted
            self._characters = min(max(0.95 * exact, 1.0), 4.5)

    @staticmethod
    def length(messages: Sequence[dict[str, object]]) -> int:
        """Return the characters of messages; an image counts as 3,000."""
        total = 0
        for message in messages:
            content = message["content"]
            if isinstance(content, str):
                total += len(content)
            elif isinstance(content, list):
                total += sum(len(p["text"]) if p.get("type") == "text" else 3000 for p in content)
        return total
