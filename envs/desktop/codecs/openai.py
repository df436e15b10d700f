"""OpenAI's computer-use tool: the actions that the model asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import keys
from tracegraph.envs.desktop.codecs.space import Space

_NOTCH = 100  # pixels that a browser scrolls at one click of the wheel
_BUTTONS: dict[str, a.Button] = {"left": "left", "right": "right", "wheel": "middle",
                                 "middle": "middle"}  # fmt: skip


def parse(given: Mapping[str, Any], space: Space) -> list[a.Action]:
    """Return the actions of one that the model asked for; none when it only asks to look.

    Args:
        given: as ``{"type": "click", "x": 1, "y": 2, "button": "left"}``.
        space: what the model counts in: the size that the tool was declared with.

    Raises:
        FormatError: the input is not of this kind.
    """
    kind = given.get("type")
    listed = given.get("keys") or []
    if not isinstance(listed, list):
        raise FormatError(f"{kind}: keys is {listed!r}, not a list")
    held = tuple(keys.canonical(str(name)) for name in listed)

    def number(name: str, of: Mapping[str, Any] = given, default: Any = None) -> float:
        value = of.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise FormatError(f"{kind}: {name} is {value!r}")
        return value

    def place(of: Mapping[str, Any] = given) -> tuple[int, int]:
        return space.to_frame(number("x", of), number("y", of))

    def holding(*inner: a.Action) -> list[a.Action]:
        down: list[a.Action] = [a.KeyDown(name) for name in held]
        return [*down, *inner, *(a.KeyUp(name) for name in reversed(held))]

    match kind:
        case "screenshot":
            return []
        case "click":
            button = given.get("button", "left")
            if button in ("back", "forward"):
                return [a.Keys(("alt", "left" if button == "back" else "right"))]
            if not isinstance(button, str) or button not in _BUTTONS:
                raise FormatError(f"click: there is no button {button!r}")
            return holding(a.Click(*place(), _BUTTONS[button]))
        case "double_click":
            return holding(a.Click(*place(), "left", 2))
        case "move":
            return [a.Move(*place())]
        case "drag":
            path = given.get("path")
            if (
                not isinstance(path, list)
                or len(path) < 2
                or not all(isinstance(point, Mapping) for point in path)
            ):
                raise FormatError(f"drag: path is {path!r}")
            points = [place(point) for point in path]
            if len(points) == 2:
                return holding(a.Drag(*points[0], *points[1]))
            moves = [a.Move(*point) for point in points[1:-1]]
            return holding(a.MouseDown(*points[0]), *moves, a.MouseUp(*points[-1]))
        case "scroll":
            right = _turns(number("scroll_x", default=0))
            down = _turns(number("scroll_y", default=0))
            return holding(a.Scroll(*place(), right, -down))
        case "type":
            if not isinstance(given.get("text"), str):
                raise FormatError(f"type: text is {given.get('text')!r}")
            return [a.Type(given["text"])]
        case "keypress":
            if not held:
                raise FormatError("keypress: no keys")
            return [a.Keys(held)]
        case "wait":
            return [a.Wait()]
    raise FormatError(f"the computer tool has no action {kind!r}")


def emit(action: a.Action, space: Space) -> dict[str, Any]:
    """Return an action as the model would ask for it.

    Raises:
        FormatError: the tool has no word for it; the end of a task is no tool call.
    """

    def at(x: int, y: int) -> dict[str, int]:
        right, below = space.to_model(x, y)
        return {"x": right, "y": below}

    match action:
        case a.Click(x, y, button, 1):
            return {
                "type": "click", **at(x, y), "button": "wheel" if button == "middle" else button,
            }  # fmt: skip
        case a.Click(x, y, "left", 2):
            return {"type": "double_click", **at(x, y)}
        case a.Move(x, y):
            return {"type": "move", **at(x, y)}
        case a.Drag(x1, y1, x2, y2, "left"):
            return {"type": "drag", "path": [at(x1, y1), at(x2, y2)]}
        case a.Scroll(x, y, dx, dy):
            return {
                "type": "scroll", **at(x, y), "scroll_x": dx * _NOTCH, "scroll_y": -dy * _NOTCH,
            }  # fmt: skip
        case a.Type(text):
            return {"type": "type", "text": text}
        case a.Keys(names):
            return {"type": "keypress", "keys": [name.upper() for name in names]}
        case a.Wait():
            return {"type": "wait"}
    raise FormatError(f"the computer tool has no word for {action}")


def _turns(pixels: float) -> int:
    # Every wish to scroll moves at least one click.
    turns = round(pixels / _NOTCH)
    return turns if turns or not pixels else (1 if pixels > 0 else -1)
