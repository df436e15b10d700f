"""Texts of any length: long ones show their head and tail, and open whole."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from tracegraph.training.report.markup import Markup, tag

_SHORT, _HEAD, _TAIL = 1400, 700, 350
_INSIDE = 30_000  # characters that a page holds of one text
_LINE = 90


def text_block(text: str, *, class_: str | None = None, whole: str = "") -> Markup:
    """Return a text as it is; a long one folded, with how much is left out.

    Args:
        text: to show.
        class_: of the element.
        whole: an address for the rest of a text that is too long for the page.
    """
    if len(text) <= _SHORT:
        return tag("pre", text, class_=class_)
    left = len(text) - _HEAD - _TAIL
    head = tag(
        "summary",
        tag("span", text[:_HEAD], class_="piece"),
        tag("span", f"… {left:,} more characters of {len(text):,} …", class_="left-out"),
        tag("span", text[-_TAIL:], class_="piece"),
    )
    rest = None
    if len(text) > _INSIDE:
        rest = tag("p", f"{len(text) - _INSIDE:,} characters are not shown here. ",
                   tag("a", "The whole text", href=whole) if whole else None,
                   class_="soft")  # fmt: skip
    names = " ".join(filter(None, ("long", class_)))
    return tag("details", head, tag("pre", text[:_INSIDE]), rest, class_=names)


def whole_at(episode: str, *path: object) -> str:
    """Return the address of one text of an episode, by the path to it in the payload."""
    query = urlencode({"at": "/".join(map(str, path))})
    return f"/episodes/{quote(episode)}/text?{query}"


def as_text(value: Any) -> str:
    """Return a value of a record for people: a text as it is, the rest as JSON."""
    return value if isinstance(value, str) else _laid_out(value, "")


def _laid_out(value: Any, indent: str) -> str:
    """Return JSON whose short parts stand in one line, such as the four numbers of a box."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + len(indent) <= _LINE or not value or not isinstance(value, dict | list):
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(str(key), ensure_ascii=False)}: {_laid_out(part, deeper)}"
            for key, part in value.items()
        ]
    else:
        parts = [_laid_out(part, deeper) for part in value]
    inside = f",\n{deeper}".join(parts)
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}\n{deeper}{inside}\n{indent}{last}"
