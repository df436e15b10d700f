"""The pointer by XTEST: clicks, drags and the wheel, as a hand would do them."""

from __future__ import annotations

import time

from Xlib import X
from Xlib.display import Display
from Xlib.ext import xtest

_BUTTONS = {"left": 1, "middle": 2, "right": 3}
_UP, _DOWN, _LEFT, _RIGHT = 4, 5, 6, 7
# Toolkits join clicks into a double one within 800 ms (as the home sets it, so that a busy machine
# does not tear one apart) and some pixels.
_DOUBLE_SECONDS = 0.85
_DOUBLE_PIXELS = 8
_AGAIN_SECONDS = 0.05  # between the clicks of a double one, as a hand has
_DRAG_STEPS = 12
_DRAG_STEP_SECONDS = 0.008


class Pointer:
    """The pointer of a display. Coordinates are pixels; the caller checks them."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._last = (0.0, 0, 0, 0)  # when, x, y, button of the last click

    def move(self, x: int, y: int) -> None:
        """Put it somewhere."""
        xtest.fake_input(self._display, X.MotionNotify, x=x, y=y)
        self._display.sync()

    def click(self, x: int, y: int, button: str, count: int) -> None:
        """Click ``count`` times; a click shortly after one at the same place stays a click."""
        number = _BUTTONS[button]
        when, last_x, last_y, last_button = self._last
        near = max(abs(x - last_x), abs(y - last_y)) <= _DOUBLE_PIXELS and number == last_button
        # Toolkits also miss a double click that follows a click elsewhere so soon.
        if (near or count > 1) and (wait := when + _DOUBLE_SECONDS - time.monotonic()) > 0:
            time.sleep(wait)
        self.move(x, y)
        for press in range(count):
            if press:
                time.sleep(_AGAIN_SECONDS)
            self._button(X.ButtonPress, number)
            self._button(X.ButtonRelease, number)
        self._last = (time.monotonic(), x, y, number)

    def drag(self, x1: int, y1: int, x2: int, y2: int, button: str) -> None:
        """Press, move in steps that applications can follow, let go."""
        number = _BUTTONS[button]
        self.move(x1, y1)
        self._button(X.ButtonPress, number)
        for step in range(1, _DRAG_STEPS + 1):
            time.sleep(_DRAG_STEP_SECONDS)
            self.move(x1 + (x2 - x1) * step // _DRAG_STEPS, y1 + (y2 - y1) * step // _DRAG_STEPS)
        time.sleep(_DRAG_STEP_SECONDS)
        self._button(X.ButtonRelease, number)

    def scroll(self, x: int, y: int, dx: int, dy: int) -> None:
        """Turn the wheel: up and right are positive."""
        self.move(x, y)
        for count, plus, minus in ((dy, _UP, _DOWN), (dx, _RIGHT, _LEFT)):
            for _ in range(abs(count)):
                number = plus if count > 0 else minus
                self._button(X.ButtonPress, number)
                self._button(X.ButtonRelease, number)

    def down(self, x: int, y: int, button: str) -> None:
        """Press a button and hold it."""
        self.move(x, y)
        self._button(X.ButtonPress, _BUTTONS[button])

    def up(self, x: int, y: int, button: str) -> None:
        """Let go of a button."""
        self.move(x, y)
        self._button(X.ButtonRelease, _BUTTONS[button])

    def place(self) -> tuple[int, int]:
        """Return where it is."""
        told = self._display.screen().root.query_pointer()
        return int(told.root_x), int(told.root_y)

    def _button(self, kind: int, number: int) -> None:
        xtest.fake_input(self._display, kind, number)
        self._display.sync()
