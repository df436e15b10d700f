"""What is on the screen: pictures, and whether they have stopped changing."""

from __future__ import annotations

import io
import time
from typing import Any

import mss

from .boot import DISPLAY
from .windows import Windows

_POLL = 0.02
STILL = 0.06  # unchanged for so long: still; longer where programs answer slowly
_LONGEST = 2.5
_PATIENCE = 1.0  # for a program that goes on working behind a still picture
_YOUNG = 8.0  # a window younger than that may be starting: the picture is there before the program


class Screen:
    """The picture of a display."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._capture: Any = mss.MSS(display=DISPLAY, with_cursor=True)
        self._plain: Any = mss.MSS(display=DISPLAY)
        self._place = self._capture.monitors[0]
        self._seen = b""
        self._png = b""

    def png(self) -> bytes:
        """Return the picture as PNG, the pointer in it; the same bytes while nothing changes."""
        from PIL import Image

        shot = self._capture.grab(self._place)
        raw = bytes(shot.raw)
        if raw != self._seen:
            image = Image.frombuffer("RGB", shot.size, raw, "raw", "BGRX", 0, 1)
            made = io.BytesIO()
            image.save(made, "PNG", compress_level=1)
            self._seen, self._png = raw, made.getvalue()
        return self._png

    def read(self, seconds: float) -> bool:
        """Wait until programs have read their events; whether they say that they have."""
        return self._windows.caught_up(seconds) is not None

    def settle(self, longest: float = _LONGEST, least: float = STILL) -> tuple[bool, bool]:
        """Wait until programs have read their events and the picture is still for ``least``.

        Nor must the active program be at work, in reason: longer when its window is new.
        Returns whether it became still in time (what moves for ever never does), and whether the
        programs say that they have read everything.
        """
        deadline = time.monotonic() + longest
        patience: float | None = None
        while True:
            shown = self._windows.shown()
            work = self._windows.work()
            took = self._windows.caught_up(max(0.0, deadline - time.monotonic()))
            still = self._still(max(least, 2 * (took or 0.0)), deadline)
            now = time.monotonic()
            if now >= deadline:
                return still, took is not None
            # A window that came or became active has events of its own to read.
            if not still or self._windows.shown() != shown:
                patience = None
                continue
            # A picture is also still while a program computes, and while it is starting.
            if self._windows.quiet(since=work):
                return True, took is not None
            if patience is None:
                young = self._windows.age() < _YOUNG
                patience = deadline if young else min(deadline, now + _PATIENCE)
            if now >= patience:
                return True, took is not None

    def _still(self, seconds: float, deadline: float) -> bool:
        last, since = self._grab(), time.monotonic()
        while (now := time.monotonic()) < deadline:
            if now - since >= seconds:
                return True
            time.sleep(_POLL)
            picture = self._grab()
            if picture != last:
                last, since = picture, time.monotonic()
        return False

    def _grab(self) -> bytearray:
        return self._plain.grab(self._place).raw  # type: ignore[no-any-return]
