"""Names of keys, and the keysyms of characters."""

from __future__ import annotations

from Xlib import XK

_NAMED = {
    "ctrl": "Control_L", "control": "Control_L", "ctrl_l": "Control_L", "ctrl_r": "Control_R",
    "shift": "Shift_L", "shift_l": "Shift_L", "shift_r": "Shift_R",
    "alt": "Alt_L", "alt_l": "Alt_L", "alt_r": "Alt_R", "option": "Alt_L", "altgr": "Alt_R",
    "super": "Super_L", "win": "Super_L", "meta": "Super_L", "cmd": "Super_L",
    "command": "Super_L", "super_l": "Super_L", "super_r": "Super_R",
    "enter": "Return", "return": "Return", "tab": "Tab", "esc": "Escape", "escape": "Escape",
    "backspace": "BackSpace", "delete": "Delete", "del": "Delete", "insert": "Insert",
    "space": "space", "home": "Home", "end": "End",
    "pageup": "Page_Up", "page_up": "Page_Up", "pgup": "Page_Up", "prior": "Page_Up",
    "pagedown": "Page_Down", "page_down": "Page_Down", "pgdn": "Page_Down", "next": "Page_Down",
    "up": "Up", "down": "Down", "left": "Left", "right": "Right",
    "arrowup": "Up", "arrowdown": "Down", "arrowleft": "Left", "arrowright": "Right",
    "capslock": "Caps_Lock", "caps_lock": "Caps_Lock", "numlock": "Num_Lock",
    "num_lock": "Num_Lock", "scrolllock": "Scroll_Lock", "printscreen": "Print", "print": "Print",
    "prtsc": "Print", "pause": "Pause", "menu": "Menu", "apps": "Menu",
    "kp_enter": "KP_Enter", "plus": "plus", "minus": "minus",
    **{f"f{n}": f"F{n}" for n in range(1, 25)},
}  # fmt: skip
_CONTROLS = {"\n": XK.XK_Return, "\r": XK.XK_Return, "\t": XK.XK_Tab}


def of_name(name: str) -> int:
    """Return the keysym of a key by its name, or of a single character; raises ValueError."""
    if len(name) == 1:
        return of_character(name)
    known = _NAMED.get(name.lower())
    keysym = XK.string_to_keysym(known or name)
    if not keysym:
        raise ValueError(f"there is no key {name!r}")
    return int(keysym)


def of_character(character: str) -> int:
    """Return the keysym that types a character; raises ValueError for what no key can type."""
    if character in _CONTROLS:
        return int(_CONTROLS[character])
    point = ord(character)
    if point < 0x20 or 0x7F <= point < 0xA0 or 0xD800 <= point < 0xE000:
        raise ValueError(f"the character U+{point:04X} cannot be typed")
    # Latin-1 has keysyms of the same number; all others have one in a range of their own.
    return point if point < 0x100 else 0x0100_0000 | point
