"""pyautogui source, as OSWorld's `pyautogui` action space has it: written, and read as data.

Reading never runs anything: the text is parsed, and only calls of known functions with constants
as arguments mean something. All else is refused.
"""

from __future__ import annotations

import ast
from typing import Any

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import keys

_WORDS: dict[str, a.Action] = {"WAIT": a.Wait(), "DONE": a.Done(), "FAIL": a.Fail()}
_CLICKS: dict[str, tuple[a.Button, int]] = {
    "click": ("left", 1), "leftClick": ("left", 1), "rightClick": ("right", 1),
    "middleClick": ("middle", 1), "doubleClick": ("left", 2), "tripleClick": ("left", 3),
}  # fmt: skip
# The order of arguments of pyautogui's functions; "_" stands for one that changes nothing here.
_ORDER = {
    **dict.fromkeys(("click", "leftClick"), ("x", "y", "clicks", "_", "button")),
    **dict.fromkeys(("rightClick", "middleClick", "tripleClick"), ("x", "y")),
    "doubleClick": ("x", "y", "_", "button"),
    "moveTo": ("x", "y"), "move": ("x", "y"), "moveRel": ("x", "y"),
    "dragTo": ("x", "y", "_", "_", "button"), "drag": ("x", "y", "_", "_", "button"),
    "dragRel": ("x", "y", "_", "_", "button"),
    **dict.fromkeys(("scroll", "vscroll", "hscroll"), ("clicks", "x", "y")),
    **dict.fromkeys(("write", "typewrite"), ("message",)), "press": ("keys", "presses"),
    "keyDown": ("key",), "keyUp": ("key",), "mouseDown": ("x", "y", "button"),
    "mouseUp": ("x", "y", "button"), "sleep": ("seconds",), "hotkey": (),
}  # fmt: skip
_IGNORED = {"duration", "interval", "tween", "pause", "_pause", "logScreenshot", "_"}
_MOST = 60  # seconds of one sleep, and presses of one key


def emit(action: a.Action) -> str:
    """Return an action as source, or as WAIT, DONE or FAIL.

    Raises:
        FormatError: the notation has no word for it.
    """
    match action:
        case a.Click(x, y, button, count):
            return f"pyautogui.click({x}, {y}, clicks={count}, button={button!r})"
        case a.Move(x, y):
            return f"pyautogui.moveTo({x}, {y})"
        case a.Drag(x1, y1, x2, y2, button):
            return f"pyautogui.moveTo({x1}, {y1}); pyautogui.dragTo({x2}, {y2}, button={button!r})"
        case a.Scroll(x, y, dx, dy):
            turns = [f"pyautogui.scroll({dy}, x={x}, y={y})"] if dy or not dx else []
            turns += [f"pyautogui.hscroll({dx}, x={x}, y={y})"] if dx else []
            return "; ".join(turns)
        case a.Type(text):
            return f"pyautogui.write({text!r})"
        case a.Keys(names):
            return f"pyautogui.hotkey({', '.join(repr(keys.to_pyautogui(n)) for n in names)})"
        case a.KeyDown(name):
            return f"pyautogui.keyDown({keys.to_pyautogui(name)!r})"
        case a.KeyUp(name):
            return f"pyautogui.keyUp({keys.to_pyautogui(name)!r})"
        case a.MouseDown(x, y, button):
            return f"pyautogui.mouseDown({x}, {y}, button={button!r})"
        case a.MouseUp(x, y, button):
            return f"pyautogui.mouseUp({x}, {y}, button={button!r})"
        case a.Wait(seconds):
            return f"time.sleep({seconds!r})"
        case a.Done():
            return "DONE"
        case a.Fail():
            return "FAIL"
    raise FormatError(f"pyautogui has no word for {action}")


def parse(
    source: str, *, width: int, height: int, pointer: tuple[int, int] = (0, 0)
) -> list[a.Action]:
    """Return the actions that a source stands for.

    Args:
        source: calls of ``pyautogui`` and ``time.sleep``, imports of these two, or one of the
            words WAIT, DONE, FAIL.
        width, height: of the screen; points outside are refused.
        pointer: where it is before the first.

    Raises:
        FormatError: the source holds anything else.
    """
    if source.strip() in _WORDS:
        return [_WORDS[source.strip()]]
    try:
        body = ast.parse(source.strip()).body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise FormatError(f"this is not Python: {error}") from error
    found: list[a.Action] = []
    for statement in body:
        match statement:
            case ast.Import(names) if all(n.name in ("pyautogui", "time") for n in names):
                continue
            case ast.Assign([ast.Attribute(ast.Name("pyautogui"), "FAILSAFE" | "PAUSE")], value):
                _constant(value)
            case ast.Expr(ast.Call() as call):
                actions, pointer = _read(call, pointer, (width, height))
                found.extend(actions)
            case ast.Expr(ast.Name(word)) if word in _WORDS:
                found.append(_WORDS[word])
            case _:
                raise FormatError(f"only calls are read, not {ast.unparse(statement)[:60]!r}")
    return found


def _read(
    call: ast.Call, pointer: tuple[int, int], size: tuple[int, int]
) -> tuple[list[a.Action], tuple[int, int]]:
    match call.func:
        case ast.Attribute(ast.Name("pyautogui"), name) if name in _ORDER and name != "sleep":
            pass
        case ast.Attribute(ast.Name("time"), "sleep" as name):
            pass
        case _:
            raise FormatError(f"{ast.unparse(call.func)[:40]} is not a function that is read")
    positional = [_constant(value) for value in call.args]
    if name == "hotkey":
        listed = positional[0] if len(positional) == 1 and isinstance(positional[0], list) else (
            positional)  # fmt: skip
        return [a.Keys(tuple(keys.canonical(str(n)) for n in listed))], pointer
    order = _ORDER[name]
    if len(positional) > len(order) and name not in ("write", "typewrite", "press"):
        positional = positional[: len(order)]
    given: dict[str, Any] = dict(zip(order, positional, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in {*order, *_IGNORED}:
            raise FormatError(f"{name}(…) has no argument {keyword.arg}")
        given[keyword.arg] = _constant(keyword.value)
    return _mean(name, given, pointer, size)


def _mean(
    name: str, given: dict[str, Any], pointer: tuple[int, int], size: tuple[int, int]
) -> tuple[list[a.Action], tuple[int, int]]:
    def place() -> tuple[int, int]:
        start = pointer if name in ("move", "moveRel", "drag", "dragRel") else (0, 0)
        x, y = given.get("x"), given.get("y")
        if isinstance(x, list) and len(x) == 2 and y is None:
            x, y = x
        x = pointer[0] if x is None else start[0] + _number(name, x)
        y = pointer[1] if y is None else start[1] + _number(name, y)
        if not (0 <= x < size[0] and 0 <= y < size[1]):
            raise FormatError(f"{name}: ({x:g}, {y:g}) is off the screen of {size[0]} x {size[1]}")
        return int(x), int(y)

    def button(default: a.Button = "left") -> a.Button:
        named = {"primary": "left", "secondary": "right"}.get(
            given.get("button", default), given.get("button", default)
        )
        found = next((button for button in a.BUTTONS if button == named), None)
        if found is None:
            raise FormatError(f"{name}: there is no button {named!r}")
        return found

    match name:
        case _ if name in _CLICKS:
            pointer = place()
            default, count = _CLICKS[name]
            count = int(_number(name, given.get("clicks", count)))
            if not 1 <= count <= 3:
                raise FormatError(f"{name}: {count} clicks")
            return [a.Click(*pointer, button(default), count)], pointer
        case "moveTo" | "move" | "moveRel":
            pointer = place()
            return [a.Move(*pointer)], pointer
        case "dragTo" | "drag" | "dragRel":
            start, pointer = pointer, place()
            return [a.Drag(*start, *pointer, button())], pointer
        case "scroll" | "vscroll" | "hscroll":
            pointer = place()
            turns = int(_number(name, given.get("clicks")))
            way = (turns, 0) if name == "hscroll" else (0, turns)
            return [a.Scroll(*pointer, *way)], pointer
        case "mouseDown" | "mouseUp":
            pointer = place()
            cls = a.MouseDown if name == "mouseDown" else a.MouseUp
            return [cls(*pointer, button())], pointer
        case "sleep":
            seconds = _number(name, given.get("seconds"))
            if not 0 <= seconds <= _MOST:
                raise FormatError(f"sleep: {seconds} s; at most {_MOST}")
            return [a.Wait(seconds)], pointer
        case "write" | "typewrite":
            message = given.get("message")
            if isinstance(message, list):
                return [a.Keys((keys.canonical(str(n)),)) for n in message], pointer
            return [a.Type(_word(name, message))], pointer
        case "press":
            listed = given.get("keys")
            several = listed if isinstance(listed, list) else [_word(name, listed)]
            times = int(_number(name, given.get("presses", 1)))
            if not 0 <= times <= _MOST:
                raise FormatError(f"press: {times} times; at most {_MOST}")
            pressed: list[a.Action] = [a.Keys((keys.canonical(str(n)),)) for n in several]
            return pressed * times, pointer
    key = keys.canonical(_word(name, given.get("key")))
    return [a.KeyDown(key) if name == "keyDown" else a.KeyUp(key)], pointer


def _constant(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise FormatError(f"{ast.unparse(node)[:60]!r} is not a constant") from error
    return list(value) if isinstance(value, tuple) else value


def _number(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e9:
        raise FormatError(f"{name}: {value!r} is not a number")
    return value


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise FormatError(f"{name}: {value!r} is not a text")
    return value
