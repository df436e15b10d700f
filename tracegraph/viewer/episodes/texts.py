"""Texts of any length: long ones show their head and tail, and open whole."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from tracegraph.training.report.markup import Markup, tag

_SHORT, _HEAD, _TAIL = 1400, 700, 350
_INSIDE = 30_000  # characters that a page holds of one text


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
    return value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
