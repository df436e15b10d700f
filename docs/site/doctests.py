"""Doctests of docstrings as code: between words, a line that begins with >>> is a quotation."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

_LINES = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class Doctests(Extension):
    """Puts fences around them."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of whatever has one."""
        if obj.docstring is not None:
            obj.docstring.value = _LINES.sub(_fenced, obj.docstring.value)


def _fenced(found: re.Match[str]) -> str:
    return f"```pycon\n{re.sub(r'  # doctest: .*', '', found[0])}\n```"
