"""Anthropic's computer-use tool: the inputs that the model gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import keys
from tracegraph.envs.desktop.codecs.space import Space

_CLICKS: dict[str, tuple[a.Button, int]] = {
    "left_click": ("left", 1), "right_click": ("right", 1), "middle_click": ("middle", 1),
    "double_click": ("left", 2), "triple_click": ("left", 3),
}  # fmt: skip
_VERBS = {what: verb for verb, what in _CLICKS.items()}
_TURNS = {"up": (0, 1), "down": (0, -1), "left": (-1, 0), "right": (1, 0)}
_LOOKS = ("screenshot", "cursor_position", "zoom")
_MOST = 100  # seconds of a wait; the tool's own limit


def parse(
    given: Mapping[str, Any], space: Space, pointer: tuple[int, int] = (0, 0)
) -> list[a.Action]:
    """Return the actions of a tool input; none when it only asks to look.

    Args:
        given: the input, as ``{"action": "left_click", "coordinate": [x, y]}``.
        space: what the model counts in: the size that the tool was declared with.
        pointer: where it is, in pixels of the frame.

    Raises:
        FormatError: the input is not of this kind.
    """
    kind = given.get("action")
    if not isinstance(kind, str):
        raise FormatError(f"action is {kind!r}")

    def place(
        name: str = "coordinate", default: tuple[int, int] | None = pointer
    ) -> tuple[int, int]:
        point = given.get(name)
        if point is None and default is not None:
            return default
        if not (
            isinstance(point, list | tuple)
            and len(point) == 2
            and all(isinstance(n, int | float) and not isinstance(n, bool) for n in point)
        ):
            raise FormatError(f"{kind}: {name} is {point!r}, not [x, y]")
        return space.to_frame(*point)

    def held(inner: a.Action) -> list[a.Action]:
        names = keys.split(_text(given)) if given.get("text") else ()
        down: list[a.Action] = [a.KeyDown(name) for name in names]
        return [*down, inner, *(a.KeyUp(name) for name in reversed(names))]

    if kind in _LOOKS:
        return []
    if kind in _CLICKS:
        return held(_click(place(), kind))
    match kind:
        case "mouse_move":
            return [a.Move(*place(default=None))]
        case "left_click_drag":
            return held(a.Drag(*place("start_coordinate"), *place(default=None)))
        case "left_mouse_down":
            return [a.MouseDown(*place())]
        case "left_mouse_up":
            return [a.MouseUp(*place())]
        case "scroll":
            turn, amount = given.get("scroll_direction"), given.get("scroll_amount", 3)
            if (
                not isinstance(turn, str)
                or turn not in _TURNS
                or not isinstance(amount, int)
                or amount < 0
            ):
                raise FormatError(f"scroll: {turn!r} by {amount!r}")
            right, up = _TURNS[turn]
            return held(a.Scroll(*place(), dx=right * amount, dy=up * amount))
        case "type":
            return [a.Type(_text(given))]
        case "key":
            return [a.Keys(keys.split(_text(given)))]
        case "hold_key":
            names = keys.split(_text(given))
            down: list[a.Action] = [a.KeyDown(name) for name in names]
            return [*down, a.Wait(_seconds(given)), *(a.KeyUp(n) for n in reversed(names))]
        case "wait":
            return [a.Wait(_seconds(given))]
    raise FormatError(f"the computer tool has no action {kind!r}")


def emit(action: a.Action, space: Space) -> dict[str, Any]:
    """Return an action as a tool input.

    Raises:
        FormatError: the tool has no word for it; the end of a task is no tool call.
    """

    def at(x: int, y: int) -> list[int]:
        return list(space.to_model(x, y))

    match action:
        case a.Click(x, y, button, count) if (button, count) in _VERBS:
            return {"action": _VERBS[button, count], "coordinate": at(x, y)}
        case a.Move(x, y):
            return {"action": "mouse_move", "coordinate": at(x, y)}
        case a.Drag(x1, y1, x2, y2, "left"):
            return {
                "action": "left_click_drag",
                "start_coordinate": at(x1, y1),
                "coordinate": at(x2, y2),
            }
        case a.Scroll(x, y, dx, dy) if (dx == 0) != (dy == 0):
            turn = ("right" if dx > 0 else "left") if dx else ("up" if dy > 0 else "down")
            return {
                "action": "scroll", "coordinate": at(x, y), "scroll_direction": turn,
                "scroll_amount": abs(dx or dy),
            }  # fmt: skip
        case a.Type(text):
            return {"action": "type", "text": text}
        case a.Keys(names):
            return {"action": "key", "text": "+".join(keys.to_xdotool(name) for name in names)}
        case a.MouseDown(x, y, "left"):
            return {"action": "left_mouse_down", "coordinate": at(x, y)}
        case a.MouseUp(x, y, "left"):
            return {"action": "left_mouse_up", "coordinate": at(x, y)}
        case a.Wait(seconds):
            return {"action": "wait", "duration": seconds}
    raise FormatError(f"the computer tool has no word for {action}")


def _click(at: tuple[int, int], kind: str) -> a.Click:
    button, count = _CLICKS[kind]
    return a.Click(*at, button, count)


def _text(given: Mapping[str, Any]) -> str:
    text = given.get("text")
    if not isinstance(text, str):
        raise FormatError(f"{given.get('action')}: text is {text!r}")
    return text


def _seconds(given: Mapping[str, Any]) -> float:
    seconds = given.get("duration", 1.0)
    if not isinstance(seconds, int | float) or not 0 <= seconds <= _MOST:
        raise FormatError(f"{given.get('action')}: duration is {seconds!r}")
    return seconds
