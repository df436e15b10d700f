"""What an agent can do to a desktop, as data.

Coordinates are pixels of the frame, integers from 0, whatever the notation of the agent counts in:
codecs translate once, at the edge. Names of keys are lower case, as in "ctrl", "enter", "f5", "a",
"page_down".
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from tracegraph.errors import TracegraphError

Button = Literal["left", "middle", "right"]
BUTTONS: tuple[Button, ...] = ("left", "middle", "right")


class FormatError(TracegraphError):
    """A text or a record is not an action; the message says which part of it is wrong."""


@dataclass(frozen=True, slots=True)
class Click:
    """Press and release a button; ``count`` 2 is a double click."""

    x: int
    y: int
    button: Button = "left"
    count: int = 1


@dataclass(frozen=True, slots=True)
class Move:
    """Put the pointer somewhere."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drag:
    """Press at one place, move, release at another."""

    x1: int
    y1: int
    x2: int
    y2: int
    button: Button = "left"


@dataclass(frozen=True, slots=True)
class Scroll:
    """Turn the wheel over a place: clicks, up and right are positive."""

    x: int
    y: int
    dx: int = 0
    dy: int = 0


@dataclass(frozen=True, slots=True)
class Type:
    """Type a text; a line feed is Enter, a tab is Tab."""

    text: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Press keys together, the first held longest."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyDown:
    """Press a key and keep it down."""

    name: str


@dataclass(frozen=True, slots=True)
class KeyUp:
    """Let go of a key."""

    name: str


@dataclass(frozen=True, slots=True)
class MouseDown:
    """Press a button and keep it down."""

    x: int
    y: int
    button: Button = "left"


@dataclass(frozen=True, slots=True)
class MouseUp:
    """Let go of a button."""

    x: int
    y: int
    button: Button = "left"


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a while."""

    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Done:
    """The task is finished; ``answer`` where it asked for one."""

    answer: str = ""


@dataclass(frozen=True, slots=True)
class Fail:
    """The task cannot be done."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class CallUser:
    """A person is needed, who is asked ``question``."""

    question: str = ""


Action = (
    Click | Move | Drag | Scroll | Type | Keys | KeyDown | KeyUp | MouseDown | MouseUp
    | Wait | Done | Fail | CallUser
)  # fmt: skip

KINDS: dict[str, type[Action]] = {
    "click": Click, "move": Move, "drag": Drag, "scroll": Scroll, "type": Type, "keys": Keys,
    "key_down": KeyDown, "key_up": KeyUp, "mouse_down": MouseDown, "mouse_up": MouseUp,
    "wait": Wait, "done": Done, "fail": Fail, "call_user": CallUser,
}  # fmt: skip

_NAMES = {cls: name for name, cls in KINDS.items()}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int, "float": (int, float), "str": str, "Button": str, "tuple[str, ...]": (list, tuple),
}  # fmt: skip


def kind_of(action: Action) -> str:
    """Return the name of an action's kind, as in records."""
    return _NAMES[type(action)]


def to_record(action: Action) -> dict[str, Any]:
    """Return an action as JSON values, with its kind under "action"."""
    told = {field.name: getattr(action, field.name) for field in fields(action)}
    if isinstance(action, Keys):
        told["names"] = list(action.names)
    return {"action": kind_of(action), **told}


def from_record(record: dict[str, Any]) -> Action:
    """Return the action of a record.

    Raises:
        FormatError: the kind is unknown, or a field is missing, unknown or of another type.
    """
    kind = record.get("action")
    if not isinstance(kind, str) or kind not in KINDS:
        raise FormatError(f"there is no action {kind!r}; known are {', '.join(KINDS)}")
    cls = KINDS[kind]
    given = {name: value for name, value in record.items() if name != "action"}
    for field in fields(cls):
        if field.name not in given:
            continue
        value = given[field.name]
        if not isinstance(value, _TYPES[str(field.type)]) or isinstance(value, bool):
            raise FormatError(f"{kind}: {field.name} is {value!r}, not {field.type}")
    if given.get("button", "left") not in BUTTONS:
        raise FormatError(f"{kind}: there is no button {given['button']!r}")
    if cls is Keys and "names" in given:
        given["names"] = tuple(str(name) for name in given["names"])
    try:
        return cls(**given)
    except TypeError as error:
        raise FormatError(f"{kind}: {str(error).partition(') ')[2] or error}") from error
