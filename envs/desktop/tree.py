"""The accessibility tree: from JSON, to and from OSWorld's XML, and as lines of text."""

from __future__ import annotations

import json
from typing import Any

from tracegraph.envs.desktop.protocol import DesktopError, Element

_DEEPEST = 80
_FIELDS = 9


def from_json(text: bytes, width: int, height: int) -> Element:
    """Return the tree that a desktop told; its root is the screen.

    Raises DesktopError when it is none: programs inside may have had a hand in it.
    """
    try:
        role, name, _, _, _, _, _, _, apps = json.loads(text)["root"]
        children = tuple(_element(app, str(app[1]), 1) for app in apps)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise DesktopError(f"the accessibility tree cannot be read: {error}") from error
    return Element(str(role), str(name), "", 0, 0, width, height, frozenset(), children, "")


def _element(told: list[Any], app: str, depth: int) -> Element:
    if depth > _DEEPEST or len(told) != _FIELDS:
        raise ValueError("it is no tree")
    role, name, text, x, y, width, height, states, children = told
    return Element(
        str(role), str(name), str(text), int(x), int(y), int(width), int(height),
        frozenset(map(str, states)),
        tuple(_element(child, app, depth + 1) for child in children), app,
    )  # fmt: skip
