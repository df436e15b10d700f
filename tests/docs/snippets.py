"""The code blocks of a page, with what the comment above one says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "cookbook").rglob("README.md")),
]
SHELL = {"", "bash", "console", "sh"}

_FENCE = re.compile(r"(?:^<!-- ([^>]*) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\s*(?:\$ )?((?:\w+=\S+ )*(?:tracegraph|python|pytest|make|pip) \S.*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its first line in the page.
        note: the HTML comment directly above: "run", "file: NAME", what it needs ("model": it
            asks one, and a fake provider answers; "desktop": it opens one), or "".
    """

    line: int
    language: str
    text: str
    note: str

    @property
    def needs(self) -> set[str]:
        """What a reader has, and a test must bring."""
        return {"model", "desktop"} & set(self.note.split(", "))


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(text.count("\n", 0, found.start(3)) + 1, found[2], found[3], found[1] or "")
        for found in _FENCE.finditer(text)
    ]


def command_lines(text: str) -> Iterator[str]:
    """Yield the commands of a block or a page, continued lines joined."""
    lines = iter(re.sub(r"\\\n\s*", " ", text).splitlines())
    for line in lines:
        if found := _COMMAND.match(line):
            command = found[1]
            while command.count('"') % 2:  # a quoted text of several lines
                command += "\n" + next(lines)
            yield command


def commands(page: Path) -> list[str]:
    """Return every command that a page shows: in shell blocks, indented, or in a line of text."""
    text = page.read_text(encoding="utf-8")
    found = [
        line for block in blocks(page) if block.language in SHELL
        for line in command_lines(block.text)
    ]  # fmt: skip
    prose = _FENCE.sub("", text)
    indented = "\n".join(
        line for line in re.sub(r"\\\n\s*", " ", prose).splitlines() if line.startswith("    ")
    )
    found += command_lines(indented)
    for span in re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", prose):
        found += command_lines(" ".join(span.split()))
    return found
