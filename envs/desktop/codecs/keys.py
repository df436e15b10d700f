"""Names of keys: what models and tools call them, and what we call them."""

from __future__ import annotations

import re

from tracegraph.envs.desktop.actions import FormatError

MODIFIERS = ("ctrl", "alt", "shift", "super")
_NAMED = frozenset({
    *MODIFIERS, "altgr", "enter", "tab", "esc", "space", "backspace", "delete", "insert", "home",
    "end", "page_up", "page_down", "up", "down", "left", "right", "caps_lock", "num_lock",
    "scroll_lock", "print_screen", "pause", "menu", *(f"f{n}" for n in range(1, 25)),
})  # fmt: skip
_OTHER = {
    "control": "ctrl", "ctl": "ctrl", "control_l": "ctrl", "control_r": "ctrl", "ctrlleft": "ctrl",
    "ctrlright": "ctrl", "alt_l": "alt", "alt_r": "alt", "altleft": "alt", "altright": "alt",
    "option": "alt", "shift_l": "shift", "shift_r": "shift", "shiftleft": "shift",
    "shiftright": "shift", "cmd": "super", "command": "super", "win": "super", "windows": "super",
    "meta": "super", "super_l": "super", "super_r": "super", "winleft": "super",
    "winright": "super", "iso_level3_shift": "altgr", "return": "enter", "kp_enter": "enter",
    "escape": "esc", "spacebar": "space", " ": "space", "bksp": "backspace", "back": "backspace",
    "del": "delete", "ins": "insert", "pageup": "page_up", "pgup": "page_up", "prior": "page_up",
    "pagedown": "page_down", "pgdn": "page_down", "pgdown": "page_down", "next": "page_down",
    "arrowup": "up", "arrowdown": "down", "arrowleft": "left", "arrowright": "right",
    "capslock": "caps_lock", "numlock": "num_lock", "scrolllock": "scroll_lock",
    "printscreen": "print_screen", "prtsc": "print_screen", "prtscr": "print_screen",
    "print": "print_screen", "break": "pause", "apps": "menu", "contextmenu": "menu",
    "\n": "enter", "\t": "tab", "plus": "+", "minus": "-", "equal": "=", "comma": ",",
    "period": ".", "slash": "/", "backslash": "\\", "semicolon": ";", "apostrophe": "'",
    "bracketleft": "[", "bracketright": "]", "grave": "`",
}  # fmt: skip
_PYAUTOGUI = {
    "page_up": "pageup", "page_down": "pagedown", "caps_lock": "capslock", "num_lock": "numlock",
    "scroll_lock": "scrolllock", "print_screen": "printscreen", "super": "win", "menu": "apps",
    "altgr": "altright",
}  # fmt: skip
_XDOTOOL = {
    "enter": "Return", "esc": "Escape", "tab": "Tab", "space": "space", "backspace": "BackSpace",
    "delete": "Delete", "insert": "Insert", "home": "Home", "end": "End", "page_up": "Page_Up",
    "page_down": "Page_Down", "up": "Up", "down": "Down", "left": "Left", "right": "Right",
    "super": "super", "altgr": "ISO_Level3_Shift", "caps_lock": "Caps_Lock",
    "num_lock": "Num_Lock", "scroll_lock": "Scroll_Lock", "print_screen": "Print",
    "pause": "Pause", "menu": "Menu", "+": "plus",
}  # fmt: skip
_MOST = 5  # keys of a chord


def canonical(name: str) -> str:
    """Return our name of a key.

    Raises:
        FormatError: nothing is called so.
    """
    if len(name) == 1 and name not in " \n\t":
        return name.lower()
    lower = name.lower()
    lower = lower if lower in _OTHER else re.sub(r"[ -]", "_", lower.strip())
    found = _OTHER.get(lower, lower)
    if found not in _NAMED and len(found) != 1:
        raise FormatError(f"there is no key {name!r}")
    return found


def split(text: str) -> tuple[str, ...]:
    """Return the keys of a chord that is written ``ctrl shift t``, ``ctrl+shift+t`` or both.

    Names of two words, as ``page down``, stay together.
    """
    words: list[str] = []
    for word in text.split():
        # A plus between names separates; a plus by itself, or after one that separates, is a key.
        words.extend(re.findall(r"\+(?=\+|$)|[^+]+|^\+$", word) if len(word) > 1 else [word])
    names: list[str] = []
    while words:
        pair = "_".join(words[:2]).lower()
        if len(words) > 1 and (pair in _NAMED or pair.replace("_", "") in _OTHER):
            names.append(canonical(pair if pair in _NAMED else pair.replace("_", "")))
            del words[:2]
        else:
            names.append(canonical(words.pop(0)))
    if not names or len(names) > _MOST:
        raise FormatError(f"{text!r} is a chord of {len(names)} keys; it takes 1 to {_MOST}")
    return tuple(names)


def to_pyautogui(name: str) -> str:
    """Return pyautogui's name of a key of ours."""
    return _PYAUTOGUI.get(name, name)


def to_xdotool(name: str) -> str:
    """Return the X keysym name, as xdotool and Anthropic's models use it."""
    return _XDOTOOL.get(name, name.upper() if re.fullmatch(r"f\d+", name) else name)
