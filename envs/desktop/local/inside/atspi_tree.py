"""A process of its own that reads the accessibility tree: what shows, within a budget.

It is run by the system's Python, which has the bindings. A line of JSON asks, a line answers:
``{"root": node, "cut": bool}``; a node is ``[role, name, text, x, y, width, height, states,
children]``.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

_CALL_MS = 1000  # a program that hangs costs this much
_DEPTH = 60
_MANY = 200  # children of a table that are not walked one by one
_ROWS, _COLUMNS = 60, 40
_STATES = (
    "ACTIVE", "CHECKED", "COLLAPSED", "EDITABLE", "ENABLED", "EXPANDED", "FOCUSABLE", "FOCUSED",
    "MODAL", "MULTI_LINE", "PRESSED", "SELECTABLE", "SELECTED", "SENSITIVE", "SHOWING", "VISIBLE",
)  # fmt: skip
_TOLD = [(getattr(Atspi.StateType, name), name.lower().replace("_", "-")) for name in _STATES]


class Walk:
    """One reading. ``cut`` says whether the budget left something out."""

    def __init__(self, seconds: float, nodes: int, text: int) -> None:
        self.deadline = time.monotonic() + seconds
        self.left = nodes
        self.text = text
        self.cut = False

    def screen(self) -> list[Any]:
        """Return the root."""
        desktop = Atspi.get_desktop(0)
        # What was remembered may be old: the changes came while nobody listened.
        desktop.clear_cache()
        apps = [self._application(one) for one in self._children(desktop)]
        return ["desktop frame", "main", "", 0, 0, 0, 0, [], [one for one in apps if one]]

    def _application(self, app: Any) -> list[Any] | None:
        try:
            name = app.get_name() or ""
            windows = [self._node(one, 1) for one in self._children(app)]
        except GLib.Error:
            return None
        shown = [one for one in windows if one]
        return ["application", name, "", 0, 0, 0, 0, [], shown] if shown else None

    def _node(self, one: Any, depth: int) -> list[Any] | None:
        if self.left <= 0 or time.monotonic() > self.deadline or depth > _DEPTH:
            self.cut = True
            return None
        try:
            states = one.get_state_set()
            if not states.contains(Atspi.StateType.SHOWING):
                return None
            self.left -= 1
            return self._told(one, states, depth)
        except GLib.Error:
            return None  # it went away meanwhile, or its program hangs

    def _told(self, one: Any, states: Any, depth: int) -> list[Any]:
        place = (0, 0, 0, 0)
        if component := one.get_component_iface():
            box = component.get_extents(Atspi.CoordType.SCREEN)
            place = (box.x, box.y, box.width, box.height)
        kinds = [name for state, name in _TOLD if states.contains(state)]
        name = (one.get_name() or "").strip()  # menus pad it
        told = [one.get_role_name(), name, self._text(one), *place, kinds]
        if one.get_child_count() > _MANY and one.get_table_iface():
            inner = self._cells(one, place, depth)
        else:
            inner = [
                made for child in self._children(one) if (made := self._node(child, depth + 1))
            ]
        return [*told, inner]

    def _text(self, one: Any) -> str:
        if text := one.get_text_iface():
            count = Atspi.Text.get_character_count(text)
            return Atspi.Text.get_text(text, 0, min(count, self.text)) if count > 0 else ""
        if value := one.get_value_iface():
            return f"{Atspi.Value.get_current_value(value):g}"
        return ""

    def _cells(self, table: Any, place: tuple[int, ...], depth: int) -> list[Any]:
        """Return the cells in sight that hold something, and the focused one."""
        x, y, width, height = place
        component = table.get_component_iface()
        corners = []
        for at in ((x + 3, y + 3), (x + width - 4, y + height - 4)):
            cell = component.get_accessible_at_point(*at, Atspi.CoordType.SCREEN)
            if cell is None:
                return []
            number = cell.get_index_in_parent()
            corners.append((table.get_row_at_index(number), table.get_column_at_index(number)))
        (top, first), (bottom, last) = corners
        found: list[Any] = []
        # Some more: what lies at the corner may be a header or a cell further in.
        for row in range(max(0, top - 4), min(bottom, top + _ROWS) + 1):
            for column in range(max(0, first - 1), min(last, first + _COLUMNS) + 1):
                if time.monotonic() > self.deadline:
                    self.cut = True
                    return found
                cell = table.get_accessible_at(row, column)
                if cell is not None and (made := self._cell(cell, depth)):
                    found.append(made)
        return found

    def _cell(self, cell: Any, depth: int) -> list[Any] | None:
        try:
            focused = cell.get_state_set().contains(Atspi.StateType.FOCUSED)
            if not focused and not self._text(cell):
                return None
        except GLib.Error:
            return None
        return self._node(cell, depth + 1)

    def _children(self, one: Any) -> Any:
        try:
            count = one.get_child_count()
        except GLib.Error:
            return
        for number in range(count):
            if time.monotonic() > self.deadline:
                self.cut = True
                return
            try:
                child = one.get_child_at_index(number)
            except GLib.Error:
                continue
            if child is not None:
                yield child


def main() -> None:
    """Answer until standard input ends."""
    Atspi.init()
    Atspi.set_timeout(_CALL_MS, _CALL_MS)
    for line in sys.stdin:
        budget = json.loads(line)
        walk = Walk(budget["seconds"], budget["nodes"], budget["text"])
        root = walk.screen()
        print(json.dumps({"root": root, "cut": walk.cut}), flush=True)


if __name__ == "__main__":
    main()
