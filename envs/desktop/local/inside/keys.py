"""Names of keys, and the keysyms of characters."""

from __future__ import annotations

from Xlib import XK

_NAMED = {
    "ctrl": "Control_L", "shift": "Shift_L", "alt": "Alt_L", "altgr": "Alt_R",
    "super": "Super_L", "enter": "Return", "tab": "Tab", "esc": "Escape", "space": "space",
    "backspace": "BackSpace", "delete": "Delete", "insert": "Insert", "home": "Home",
    "end": "End", "page_up": "Page_Up", "page_down": "Page_Down", "up": "Up", "down": "Down",
    "left": "Left", "right": "Right", "caps_lock": "Caps_Lock", "num_lock": "Num_Lock",
    "scroll_lock": "Scroll_Lock", "print_screen": "Print", "pause": "Pause", "menu": "Menu",
    **{f"f{n}": f"F{n}" for n in range(1, 25)},
}  # fmt: skip
_CONTROLS = {"\n": XK.XK_Return, "\r": XK.XK_Return, "\t": XK.XK_Tab}


def of_name(name: str) -> int:
    """Return the keysym of a key: our name, X's own, or a single character; raises ValueError."""
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
