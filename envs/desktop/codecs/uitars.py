"""The notation of UI-TARS: `Thought: …`, then `Action: click(start_box='(x,y)')`.

Both spellings of places, boxes and points, are read whatever the model; what the numbers count in
is the `Space`'s business. Source of the verbs: the UI-TARS prompts and its parser's aliases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tracegraph.envs.desktop import actions as a
from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import keys
from tracegraph.envs.desktop.codecs.calls import Call, quote, read_calls
from tracegraph.envs.desktop.codecs.space import Space

Places = Literal["box", "tokens", "point"]

_WAIT = 5.0  # seconds; the prompt of the paper says so
_NOTCHES = 5  # of the wheel
_CLICKS: dict[str, tuple[a.Button, int]] = {
    "click": ("left", 1), "left_single": ("left", 1), "left_double": ("left", 2),
    "double_click": ("left", 2), "left_triple": ("left", 3), "right_single": ("right", 1),
    "right_click": ("right", 1), "middle_single": ("middle", 1), "middle_click": ("middle", 1),
}  # fmt: skip
_VERBS = {("left", 1): "click", ("left", 2): "left_double", ("left", 3): "left_triple",
          ("right", 1): "right_single", ("middle", 1): "middle_single"}  # fmt: skip
_TURNS = {"up": (0, 1), "down": (0, -1), "left": (-1, 0), "right": (1, 0)}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_MARKUP = re.compile(r"<\|box_(?:start|end)\|>|</?(?:point|bbox)>|\[EOS\]")


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer says: a thought, and one action or more."""

    thought: str
    actions: tuple[a.Action, ...]


def parse(text: str, space: Space) -> Reply:
    """Return what an answer means.

    Raises:
        FormatError: there is no action, or one that cannot be read. Nothing is guessed: a wrong
            answer is never a wrong action.
    """
    before, found, after = text.rpartition("Action:")
    if not found:
        raise FormatError("the answer has no `Action:`")
    thought = re.sub(r"^\s*(?:Thought|Reflection|Action_Summary):\s*", "", before).strip()
    calls = read_calls(after.replace("[EOS]", "").strip())
    if not calls:
        raise FormatError("nothing follows `Action:`")
    return Reply(thought, tuple(_action(call, space) for call in calls))


def emit(action: a.Action, space: Space, places: Places = "box") -> str:
    """Return an action as UI-TARS writes it.

    Args:
        action: what to write.
        space: what the model counts in.
        places: ``box`` for ``start_box='(x,y)'``, ``tokens`` with the box tokens of training,
            ``point`` for ``point='<point>x y</point>'``.

    Raises:
        FormatError: the notation has no word for it.
    """

    def at(x: int, y: int, which: str = "start") -> str:
        right, below = space.to_model(x, y)
        if places == "point":
            name = "point" if which == "start" else f"{which}_point"
            return f"{name}='<point>{right} {below}</point>'"
        inner = f"({right},{below})"
        if places == "tokens":
            inner = f"<|box_start|>{inner}<|box_end|>"
        return f"{which}_box='{inner}'"

    match action:
        case a.Click(x, y, button, count) if (button, count) in _VERBS:
            return f"{_VERBS[button, count]}({at(x, y)})"
        case a.Move(x, y):
            return f"hover({at(x, y)})"
        case a.Drag(x1, y1, x2, y2, "left"):
            start = at(x1, y1).replace("point=", "start_point=", 1)
            return f"drag({start}, {at(x2, y2, 'end')})"
        case a.Scroll(x, y, dx, dy) if (dx == 0) != (dy == 0):
            turn = ("right" if dx > 0 else "left") if dx else ("up" if dy > 0 else "down")
            return f"scroll({at(x, y)}, direction='{turn}')"
        case a.Type(text):
            return f"type(content={quote(text)})"
        case a.Keys(names):
            return f"hotkey(key={quote(' '.join(names))})"
        case a.KeyDown(name):
            return f"press(key={quote(name)})"
        case a.KeyUp(name):
            return f"release(key={quote(name)})"
        case a.MouseDown(x, y, "left"):
            return f"mouse_down({at(x, y)})"
        case a.MouseUp(x, y, "left"):
            return f"mouse_up({at(x, y)})"
        case a.Wait():
            return "wait()"
        case a.Done(answer):
            return f"finished(content={quote(answer)})"
        case a.Fail(reason):
            return f"error_env(content={quote(reason)})" if reason else "error_env()"
        case a.CallUser(question):
            return f"call_user(content={quote(question)})" if question else "call_user()"
    raise FormatError(f"UI-TARS has no word for {action}")


def _action(call: Call, space: Space) -> a.Action:
    verb = call.verb
    if verb in _CLICKS:
        button, count = _CLICKS[verb]
        return a.Click(*_place(call, space), button, count)
    match verb:
        case "drag" | "select":
            return a.Drag(*_place(call, space), *_place(call, space, "end"))
        case "hover" | "move_to":
            return a.Move(*_place(call, space))
        case "mouse_down":
            return a.MouseDown(*_place(call, space))
        case "mouse_up":
            return a.MouseUp(*_place(call, space))
        case "scroll":
            turn = _text(call, "direction", second=True).lower()
            if turn not in _TURNS:
                raise FormatError(f"scroll(…) has direction {turn!r}, not {', '.join(_TURNS)}")
            right, up = _TURNS[turn]
            return a.Scroll(*_place(call, space), right * _NOTCHES, up * _NOTCHES)
        case "type":
            return a.Type(_text(call, "content"))
        case "hotkey":
            return a.Keys(keys.split(_text(call, "key", "hotkey")))
        case "press" | "keydown":
            return a.KeyDown(keys.canonical(_text(call, "key", "press")))
        case "release" | "keyup":
            return a.KeyUp(keys.canonical(_text(call, "key", "release")))
        case "wait":
            return a.Wait(_WAIT)
        case "finished":
            return a.Done(_text(call, "content", "answer", default=""))
        case "call_user":
            return a.CallUser(_text(call, "content", "question", default=""))
        case "error_env":
            return a.Fail(_text(call, "content", default=""))
    raise FormatError(f"there is no action {verb}(…)")


def _place(call: Call, space: Space, which: str = "start") -> tuple[int, int]:
    names = (f"{which}_box", f"{which}_point", "point") if which == "start" else (
        "end_box", "end_point")  # fmt: skip
    number = 0 if which == "start" else 1
    text = next((call.named[name] for name in names if name in call.named), None)
    if text is None and number < len(call.positional):
        text = call.positional[number]
    if text is None:
        raise FormatError(f"{call.verb}(…) has no {names[0]}")
    found = [float(n) for n in _NUMBER.findall(_MARKUP.sub(" ", text))]
    if re.sub(r"[\s\d.,()\[\]-]", "", _MARKUP.sub("", text)) or len(found) not in (2, 4):
        raise FormatError(f"{call.verb}(…) has the place {text!r}, not (x,y) or a box of four")
    if len(found) == 4:
        found = [(found[0] + found[2]) / 2, (found[1] + found[3]) / 2]
    return space.to_frame(found[0], found[1])


def _text(call: Call, *names: str, default: str | None = None, second: bool = False) -> str:
    for name in names:
        if name in call.named:
            return call.named[name]
    if len(call.positional) > second:
        return call.positional[int(second)]
    if default is None:
        raise FormatError(f"{call.verb}(…) has no {names[0]}")
    return default
