"""Keys and text by XTEST: exact whatever the layout and the script.

A character that has no key gets a spare keycode. Programs look a keycode up when they read its
event, so a keycode takes a new meaning only when the programs have read all that was typed.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from . import keys

_FIRST, _COUNT = 8, 248
_SPARE = 128  # keycodes from here on are rarely a key of a keyboard
# Keys of remote controls and the like, which nobody presses here: their keycodes are spare too.
_VENDOR = range(0x1008_0000, 0x1009_0000)
_BURST = 64


class Keyboard:
    """The keyboard of a display. ``drained`` waits until programs have read what was typed."""

    def __init__(self, display: Display, drained: Callable[[], None]) -> None:
        self._display = display
        self._drained = drained
        self._keys: dict[int, tuple[int, bool]] = {}
        self._bound: OrderedDict[int, int] = OrderedDict()  # keysym: keycode, oldest use first
        self._free: list[int] = []
        self._unread: set[int] = set()  # spare keycodes that were pressed and perhaps not read
        self._held: list[int] = []
        table = [tuple(row) for row in display.get_keyboard_mapping(_FIRST, _COUNT)]
        self._rows = table[_SPARE - _FIRST :]
        for level in (0, 1):
            for code, symbols in enumerate(table, _FIRST):
                if symbols[level]:
                    self._keys.setdefault(symbols[level], (code, level == 1))
        for code, symbols in enumerate(table, _FIRST):
            if code >= _SPARE and all(not one or one in _VENDOR for one in symbols):
                self._free.append(code)
        self._keys = {k: v for k, v in self._keys.items() if k not in _VENDOR}
        self._shift = self._keys[XK.XK_Shift_L][0]
        self._caps = self._keys[XK.XK_Caps_Lock][0]

    def type(self, text: str) -> None:
        """Type a text; raises ValueError before the first key for a character without keysym."""
        symbols = [keys.of_character(one) for one in text.replace("\r\n", "\n")]
        if not symbols:
            return
        self._caps_off()
        for part in self._parts(symbols):
            self._bind([one for one in part if one not in self._keys])
            for number, symbol in enumerate(part, 1):
                self._tap(symbol)
                if number % _BURST == 0:
                    self._display.sync()
        self._display.sync()

    def press(self, names: list[str]) -> None:
        """Press keys together and let them go in reverse; raises ValueError for unknown ones."""
        codes = self._codes(names)
        for code in codes:
            self._fake(X.KeyPress, code)
        for code in reversed(codes):
            self._fake(X.KeyRelease, code)
        self._display.sync()

    def down(self, name: str) -> None:
        """Press a key and hold it."""
        for code in self._codes([name]):
            self._fake(X.KeyPress, code)
            self._held.append(code)
        self._display.sync()

    def up(self, name: str) -> None:
        """Let go of a key."""
        for code in reversed(self._codes([name])):
            self._fake(X.KeyRelease, code)
            if code in self._held:
                self._held.remove(code)
        self._display.sync()

    def read(self) -> None:
        """Note that programs have read everything that was typed until now."""
        self._unread.clear()

    def _codes(self, names: list[str]) -> list[int]:
        symbols = [keys.of_name(name) for name in names]
        self._bind([one for one in symbols if one not in self._keys])
        codes: list[int] = []
        for symbol in symbols:
            code, shifted = self._key(symbol)
            codes += [self._shift, code] if shifted and self._shift not in codes else [code]
        return codes

    def _parts(self, symbols: list[int]) -> Iterator[list[int]]:
        """Cut into parts whose characters without a key fit the spare keycodes at once."""
        most = len(self._free) + len(self._bound)
        part: list[int] = []
        strange: set[int] = set()
        for symbol in symbols:
            if symbol not in self._keys and symbol not in strange:
                if len(strange) == most:
                    yield part
                    part, strange = [], set()
                strange.add(symbol)
            part.append(symbol)
        yield part

    def _bind(self, wanted: list[int]) -> None:
        wanted = list(dict.fromkeys(wanted))
        for symbol in wanted:
            if symbol in self._bound:
                self._bound.move_to_end(symbol)
        missing = [one for one in wanted if one not in self._bound]
        if not missing:
            return
        chosen: list[int] = []
        while len(chosen) < len(missing):
            chosen.append(self._free.pop() if self._free else self._bound.popitem(last=False)[1])
        if self._unread.intersection(chosen):
            self._drained()
            self._unread.clear()
        changes = dict(zip(sorted(chosen), missing, strict=True))
        self._bound.update({symbol: code for code, symbol in changes.items()})
        for code, symbol in changes.items():
            # Every level is the character, so neither Shift nor Caps Lock changes it.
            self._rows[code - _SPARE] = (symbol,) * len(self._rows[0])
        # One request: each one makes every program read the whole layout again.
        self._display.change_keyboard_mapping(_SPARE, self._rows)
        self._display.sync()

    def _key(self, symbol: int) -> tuple[int, bool]:
        if symbol in self._keys:
            return self._keys[symbol]
        return self._bound[symbol], False

    def _tap(self, symbol: int) -> None:
        code, shifted = self._key(symbol)
        if symbol not in self._keys:
            self._unread.add(code)
        if shifted:
            self._fake(X.KeyPress, self._shift)
        self._fake(X.KeyPress, code)
        self._fake(X.KeyRelease, code)
        if shifted:
            self._fake(X.KeyRelease, self._shift)

    def _fake(self, kind: int, code: int) -> None:
        xtest.fake_input(self._display, kind, code)

    def _caps_off(self) -> None:
        mask = self._display.screen().root.query_pointer().mask
        if mask & X.LockMask:
            self._fake(X.KeyPress, self._caps)
            self._fake(X.KeyRelease, self._caps)
            self._display.sync()
            time.sleep(0.02)
