"""A desktop as MCP tools: one for each kind of action, each answers with the screen after it."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import MISSING, fields
from typing import Any

from tracegraph.envs import EnvError
from tracegraph.envs.desktop import Desktop, FormatError, LocalXvfb
from tracegraph.envs.desktop.actions import BUTTONS, KINDS, from_record
from tracegraph.envs.desktop.protocol import ActionError, DesktopError, Element
from tracegraph.integrations.mcp.tools import Shown, Tool

# Of agents whose episode ends; a client simply stops.
_LEFT_OUT = ("done", "fail", "call_user")
_TYPES: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number", "minimum": 0, "maximum": 30},
    "str": {"type": "string"},
    "Button": {"type": "string", "enum": list(BUTTONS)},
    "tuple[str, ...]": {"type": "array", "items": {"type": "string"}},
}
_ELEMENTS = 300  # of the accessibility tree


class DesktopTools:
    """Works a desktop of its own, in the sandbox, without network.

    Args:
        apps: command lines of programs to start in it, as "mousepad".
        width: of the screen, in pixels.
        height: of the screen, in pixels.
    """

    instructions = (
        "A Linux desktop. Every action answers with a picture of the screen after it; x and y are "
        "pixels of that picture, from its upper left corner. elements tells what is where in words."
    )

    def __init__(self, apps: Sequence[str] = (), *, width: int = 1280, height: int = 720) -> None:
        self._apps, self._size = tuple(apps), (width, height)
        self._around = AsyncExitStack()
        self._desktop: Desktop | None = None

    @property
    def tools(self) -> Sequence[Tool]:
        """Looking, and one for each kind of action."""
        return (
            Tool("screenshot", "Show the screen.", {}, self._look),
            Tool(
                "elements", "Tell buttons, fields and texts: role, name, place.", {}, self._elements
            ),
            *(_tool_of(kind, self._act) for kind in KINDS if kind not in _LEFT_OUT),
        )

    async def open(self) -> None:
        """Start the desktop and the programs in it."""
        desktop = await self._around.enter_async_context(LocalXvfb(*self._size))
        for app in self._apps:
            started = await desktop.exec(shlex.split(app), background=True)
            if started.code is not None:
                raise DesktopError(f"{app} did not start: {started.stderr}")
        self._desktop = desktop

    async def close(self) -> None:
        """End the desktop and everything in it."""
        self._desktop = None
        await self._around.aclose()

    async def _look(self) -> Shown:
        frame = await self._opened.observe()
        return Shown(f"{frame.width} x {frame.height} pixels", (frame.png,))

    async def _elements(self) -> Shown:
        from tracegraph.agents.gui.elements import WRITABLE

        root = (await self._opened.observe(tree=True)).tree
        # An empty field has neither name nor text, and is what a client looks for.
        seen = [
            one
            for one in (root.walk() if root else ())
            if one.width > 0 and (one.name or one.text or one.role in WRITABLE)
        ]
        lines = [_line(one) for one in seen[:_ELEMENTS]]
        if left := len(seen) - len(lines):
            lines.append(f"and {left} more")
        return Shown("\n".join(lines) or "nothing is told about what is on the screen")

    async def _act(self, kind: str, /, **given: Any) -> Shown:
        try:
            await self._opened.act(from_record({"action": kind, **given}))
        except (ActionError, FormatError) as error:
            return Shown(str(error), failed=True)
        return await self._look()

    @property
    def _opened(self) -> Desktop:
        if self._desktop is None:
            raise EnvError("the desktop is not open")
        return self._desktop


def _tool_of(kind: str, act: Any) -> Tool:
    cls = KINDS[kind]
    arguments = {}
    for field in fields(cls):
        arguments[field.name] = dict(_TYPES[str(field.type)])
        if field.default is not MISSING:
            arguments[field.name]["default"] = field.default
    about = (cls.__doc__ or "").replace("``", "")
    return Tool(kind, about, arguments, functools.partial(act, kind))


def _line(one: Element) -> str:
    text = f" holds {one.text[:80]!r}" if one.text else ""
    focused = " (focused)" if "focused" in one.states else ""
    return f"{one.role} {one.name!r}{text} at {one.x},{one.y}, {one.width} x {one.height}{focused}"
