"""Texts for the page: what a value looks like, cut to a length that keeps the page small."""

from __future__ import annotations

import json
import pprint
from collections.abc import Mapping
from typing import Any

from tracegraph.graph.export.kinds import preview
from tracegraph.graph.export.values import stable_repr, without_addresses

_PAGE = 8_000_000  # characters of values in a page, about
_LONGEST, _SHORTEST = 20_000, 300
_PRETTY = 50_000  # parts of a container that is still written out


class Texts:
    """Writes values for the page.

    Args:
        count: how many nodes share the page.
    """

    def __init__(self, count: int) -> None:
        self.length = max(_SHORTEST, min(_LONGEST, _PAGE // max(1, count * 3)))

    def __call__(self, value: Any) -> dict[str, Any]:
        """Return {"text": …} with "cut", the number of characters left out, where there are."""
        return self.cut(_text(value))

    def cut(self, text: str) -> dict[str, Any]:
        """Return the text, its end cut off when it is long."""
        if len(text) <= self.length:
            return {"text": text}
        return {"text": text[: self.length], "cut": len(text) - self.length}

    def code(self, source: str) -> dict[str, Any]:
        """Return source code: there are few functions, so they may be long."""
        if len(source) <= _LONGEST:
            return {"text": source}
        return {"text": source[:_LONGEST], "cut": len(source) - _LONGEST}

    def score(self, score: Any) -> str | None:
        """Return a score in one line; None when there is none."""
        if score is None:
            return None
        if isinstance(score, Mapping):
            return ", ".join(f"{key} {stable_repr(value)}" for key, value in score.items())
        return stable_repr(score)


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, int) and value.bit_length() > 10_000:
        return hex(value)
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        if not _is_small(value):
            return f"{preview(value, 2000)}\n(too large to be written here)"
        if type(value) in (list, dict):
            return _laid_out(value)
    return stable_repr(value)


def _laid_out(value: Any) -> str:
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return without_addresses(pprint.pformat(value, width=88, sort_dicts=False))
    except Exception:  # a repr of the user's may do anything
        return stable_repr(value)


def _is_small(value: Any) -> bool:
    """Whether a container has few enough parts to be written; those shared count each time."""
    waiting, left = [value], _PRETTY
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list, tuple, set, frozenset)):
            left -= len(item)
            if left < 0:
                return False
            waiting += item.values() if isinstance(item, dict) else item
    return True
