"""The list of decisions."""

from __future__ import annotations

from pathlib import Path


def decisions_page(folder: Path) -> str:
    """Return a page that links every decision in a folder by its title."""
    lines = ["# Decisions", "", "Choices that were close, and what they cost.", ""]
    for page in sorted(folder.glob("0*.md")):
        title = page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({page.name})")
    return "\n".join([*lines, ""])
