"""The accessibility tree as a short numbered list, for models without eyes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tracegraph.envs.desktop.protocol import Element

# What can be used, by how much it tells; other roles are left out.
WRITABLE = frozenset({"text", "entry", "password text", "document text", "paragraph", "terminal",
                       "spin button", "combo box", "document web"})  # fmt: skip
_USABLE = WRITABLE | {
    "push button", "button", "toggle button", "check box", "radio button", "menu", "menu item",
    "check menu item", "radio menu item", "link", "list item", "tree item", "table cell", "icon",
    "page tab", "slider", "alert", "heading", "label", "static", "table column header",
}  # fmt: skip
_WORDS_ONLY = frozenset({"label", "static", "heading", "alert", "paragraph"})
_BUTTONS = frozenset({"push button", "button", "toggle button", "page tab"})
# What no task needs, in every window of a browser.
_FURNITURE = frozenset({"Minimize", "Maximize", "Sign in to Chromium?", "Tab search"})
_EMBEDDED = "\ufffc"  # stands for an element inside a text
_SHORT = {"push button": "button", "document text": "document", "table cell": "cell"}
_TOLD = ("focused", "checked", "selected", "expanded")
_CUT = 400  # signs of a document
_NAME_CUT = 60


@dataclass(frozen=True, slots=True)
class Item:
    """An element with the number that a model calls it by, its middle in pixels, its window."""

    number: int
    element: Element
    x: int
    y: int
    window: str = ""

    @property
    def line(self) -> str:
        """What the model reads of it."""
        one = self.element
        role = _SHORT.get(one.role, one.role)
        name = " ".join(one.name.split())[:_NAME_CUT]
        told = [state for state in _TOLD if state in one.states]
        line = f"[{self.number}] {role}" + (f' "{name}"' if name else "")
        text = _text(one)
        if text and text != one.name.strip() and one.role not in _WORDS_ONLY | _BUTTONS:
            line += f" holds {text if len(text) <= _CUT else text[:_CUT] + '…'!r}"
        elif one.role in WRITABLE - {"paragraph"}:
            line += " is empty"
        return line + (f" ({', '.join(told)})" if told else "")


def shortlist(root: Element, *, most: int = 30) -> list[Item]:
    """Return the elements that can be seen and used, at most ``most``.

    Those of the active window come first, and in a window what can be written into, the focused
    one foremost: small models take the first that may fit. Else the order is that of the tree.

    Args:
        root: the screen.
        most: the longest list that the model is to read.
    """
    found: list[tuple[int, int, Element]] = []
    windows = _windows(root)
    for place, window in enumerate(windows):
        rank = 0 if "active" in window.states else 1
        said: set[str] = set()
        for one in window.walk():
            if not _seen(one, root) or not _tells(one):
                continue
            if one.role in _WORDS_ONLY and one.name in said:
                continue  # a heading and the text in it
            said.add(one.name)
            found.append((rank, place, one))
    order = sorted(range(len(found)), key=lambda i: (found[i][0], _priority(found[i][2]), i))
    kept = sorted(order[:most], key=lambda i: (*found[i][:2], min(_priority(found[i][2]), 2), i))
    return [
        Item(number, one, one.x + one.width // 2, one.y + one.height // 2, windows[place].name)
        for number, (_, place, one) in enumerate((found[i] for i in kept), 1)
    ]


def listing(items: Sequence[Item]) -> str:
    """Return the list as the model reads it, with the windows as headings."""
    if not items:
        return "(no elements; a terminal or a picture)"
    lines: list[str] = []
    heading = None
    for item in items:
        if (item.element.app, item.window) != heading:
            heading = item.element.app, item.window
            lines.append(_heading(*heading))
        lines.append(item.line)
    return "\n".join(lines)


def _heading(app: str, window: str) -> str:
    if not window.strip():
        return f"{app}:"
    # Editors mark what is not saved so.
    unsaved = " (not saved yet)" if window.startswith("*") else ""
    return f'{app}, window "{window[:_NAME_CUT]}"{unsaved}:'


def _windows(root: Element) -> list[Element]:
    return [window for app in root.children for window in (app.children or (app,))]


def _seen(one: Element, root: Element) -> bool:
    middle = one.x + one.width // 2, one.y + one.height // 2
    return (
        one.width > 0
        and one.height > 0
        and 0 <= middle[0] < root.width
        and 0 <= middle[1] < root.height
        and ("showing" in one.states or not one.states)
    )


def _tells(one: Element) -> bool:
    if one.role not in _USABLE or (one.states and not one.states & {"enabled", "sensitive"}):
        return False
    if one.name in _FURNITURE and one.role in _BUTTONS:
        return False
    named = bool(one.name.strip())
    if one.role == "table cell":
        # Cells of a sheet are named by their place, those of a list by what they show.
        shown = named and not re.fullmatch(r"[A-Z]{1,3}\d+", one.name)
        return bool(_text(one)) or shown or "focused" in one.states
    if one.role in _WORDS_ONLY:
        return bool(re.search(r"\w", one.name))
    return named or one.role in WRITABLE or bool(_text(one))


def _text(one: Element) -> str:
    return one.text.replace(_EMBEDDED, "").strip()


def _priority(one: Element) -> int:
    if "focused" in one.states:
        return 0
    if one.role in WRITABLE:
        return 1
    if one.role in _WORDS_ONLY or one.role == "menu":
        return 3
    return 2
