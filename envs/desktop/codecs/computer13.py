"""OSWorld's `computer_13`: one record an action, some of which act where the pointer is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import keys

Record = Mapping[str, Any] | str
_COUNTS = {"CLICK": 1, "RIGHT_CLICK": 1, "DOUBLE_CLICK": 2}


def parse(
    records: Record | Iterable[Record],
    *,
    width: int,
    height: int,
    pointer: tuple[int, int] = (0, 0),
) -> list[a.Action]:
    """Return the actions of records, of which WAIT, DONE and FAIL may be plain words.

    Args:
        records: one or several.
        width, height: of the screen; points outside are refused.
        pointer: where it is before the first.

    Raises:
        FormatError: a record is not of this kind.
    """
    several = [records] if isinstance(records, str | Mapping) else list(records)
    found: list[a.Action] = []
    for record in several:
        action, pointer = _parse_one(record, pointer, (width, height))
        found.append(action)
    return found


def emit(action: a.Action) -> list[dict[str, Any]]:
    """Return an action as records; what needs the pointer somewhere moves it there first.

    Answers and reasons are lost: the notation has no place for them.

    Raises:
        FormatError: the notation has no word for it.
    """

    def record(kind: str, **parameters: Any) -> dict[str, Any]:
        return {"action_type": kind, "parameters": parameters}

    match action:
        case a.Click(x, y, button, count):
            return [record("CLICK", button=button, x=x, y=y, num_clicks=count)]
        case a.Move(x, y):
            return [record("MOVE_TO", x=x, y=y)]
        case a.Drag(x1, y1, x2, y2, "left"):
            return [record("MOVE_TO", x=x1, y=y1), record("DRAG_TO", x=x2, y=y2)]
        case a.Scroll(x, y, dx, dy):
            return [record("MOVE_TO", x=x, y=y), record("SCROLL", dx=dx, dy=dy)]
        case a.Type(text):
            return [record("TYPING", text=text)]
        case a.Keys((name,)):
            return [record("PRESS", key=keys.to_pyautogui(name))]
        case a.Keys(names):
            return [record("HOTKEY", keys=[keys.to_pyautogui(name) for name in names])]
        case a.KeyDown(name):
            return [record("KEY_DOWN", key=keys.to_pyautogui(name))]
        case a.KeyUp(name):
            return [record("KEY_UP", key=keys.to_pyautogui(name))]
        case a.MouseDown(x, y, button):
            return [record("MOVE_TO", x=x, y=y), record("MOUSE_DOWN", button=button)]
        case a.MouseUp(x, y, button):
            return [record("MOVE_TO", x=x, y=y), record("MOUSE_UP", button=button)]
        case a.Wait():
            return [record("WAIT")]
        case a.Done():
            return [record("DONE")]
        case a.Fail():
            return [record("FAIL")]
    raise FormatError(f"computer_13 has no word for {action}")


def _parse_one(
    record: Record, pointer: tuple[int, int], size: tuple[int, int]
) -> tuple[a.Action, tuple[int, int]]:
    if isinstance(record, str):
        record = {"action_type": record}
    kind = record.get("action_type")
    given = record.get("parameters") or {
        name: value for name, value in record.items() if name != "action_type"
    }

    if not isinstance(given, Mapping):
        raise FormatError(f"{kind}: parameters is {given!r}")

    def want(name: str, kind_of: type | tuple[type, ...], default: Any = None) -> Any:
        value = given.get(name, default)
        if not isinstance(value, kind_of) or isinstance(value, bool):
            raise FormatError(f"{kind}: {name} is {value!r}")
        return value

    def place() -> tuple[int, int]:
        x, y = want("x", (int, float), pointer[0]), want("y", (int, float), pointer[1])
        if not (0 <= x < size[0] and 0 <= y < size[1]):
            raise FormatError(f"{kind}: ({x:g}, {y:g}) is off the screen of {size[0]} x {size[1]}")
        return int(x), int(y)

    def button() -> a.Button:
        name = want("button", str, "right" if kind == "RIGHT_CLICK" else "left")
        found = next((button for button in a.BUTTONS if button == name), None)
        if found is None:
            raise FormatError(f"{kind}: there is no button {name!r}")
        return found

    action: a.Action
    match kind:
        case "CLICK" | "RIGHT_CLICK" | "DOUBLE_CLICK":
            pointer = place()
            count = want("num_clicks", int, _COUNTS[kind])
            if not 1 <= count <= 3:
                raise FormatError(f"{kind}: {count} clicks")
            action = a.Click(*pointer, button(), count)
        case "MOVE_TO":
            pointer = place()
            action = a.Move(*pointer)
        case "DRAG_TO":
            start, pointer = pointer, place()
            action = a.Drag(*start, *pointer)
        case "SCROLL":
            action = a.Scroll(*pointer, want("dx", int, 0), want("dy", int, 0))
        case "MOUSE_DOWN":
            action = a.MouseDown(*pointer, button())
        case "MOUSE_UP":
            action = a.MouseUp(*pointer, button())
        case "TYPING":
            action = a.Type(want("text", str))
        case "PRESS":
            action = a.Keys((keys.canonical(want("key", str)),))
        case "KEY_DOWN":
            action = a.KeyDown(keys.canonical(want("key", str)))
        case "KEY_UP":
            action = a.KeyUp(keys.canonical(want("key", str)))
        case "HOTKEY":
            names = tuple(keys.canonical(str(name)) for name in want("keys", (list, tuple)))
            if not names:
                raise FormatError("HOTKEY: no keys")
            action = a.Keys(names)
        case "WAIT":
            action = a.Wait()
        case "DONE":
            action = a.Done()
        case "FAIL":
            action = a.Fail()
        case _:
            raise FormatError(f"computer_13 has no action {kind!r}")
    return action, pointer
