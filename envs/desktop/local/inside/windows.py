"""Top-level windows by EWMH: which there are, which is active, and whether one has caught up."""

from __future__ import annotations

import itertools
import select
import time
from typing import Any

from Xlib import X
from Xlib.display import Display
from Xlib.error import BadWindow, XError
from Xlib.protocol.event import ClientMessage


class Windows:
    """The windows of a display."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._root = display.screen().root
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self._count = itertools.count(1)
        display.set_error_handler(lambda *_: None)  # windows may go at any moment

    def told(self) -> list[dict[str, Any]]:
        """Return every managed window but splash screens, lowest first, as plain values."""
        active = self.active()
        found = []
        for number in self._numbers("_NET_CLIENT_LIST_STACKING"):
            window = self._display.create_resource_object("window", number)
            try:
                size = window.get_geometry()
                place = window.translate_coords(self._root, 0, 0)
                kind = window.get_wm_class()
                if self._is_splash(window):
                    continue
                owner = window.get_full_property(self._atom("_NET_WM_PID"), X.AnyPropertyType)
            except (XError, AttributeError):
                continue
            found.append(
                {
                    "id": number,
                    "title": self._title(window),
                    "app": kind[1] if kind else "",
                    "x": -place.x,
                    "y": -place.y,
                    "width": size.width,
                    "height": size.height,
                    "active": number == active,
                    "pid": int(owner.value[0]) if owner and len(owner.value) else 0,
                }
            )
        return found

    def active(self) -> int:
        """Return the id of the active window, or 0."""
        numbers = self._numbers("_NET_ACTIVE_WINDOW")
        return numbers[0] if numbers else 0

    def shown(self) -> tuple[int, ...]:
        """Return what changes when windows come, go, or become active."""
        return (self.active(), *self._numbers("_NET_CLIENT_LIST_STACKING"))

    def activate(self, number: int) -> None:
        """Raise a window and give it the keyboard."""
        self._ask(number, "_NET_ACTIVE_WINDOW", [2, X.CurrentTime, 0, 0, 0])

    def shut(self, number: int) -> None:
        """Ask a window to close, as its close button does."""
        self._ask(number, "_NET_CLOSE_WINDOW", [X.CurrentTime, 2, 0, 0, 0])

    def ping(self, seconds: float) -> float | None:
        """Return after the active window has handled its events; None when it does not say.

        A program answers _NET_WM_PING in the order of its events, so an answer means that all
        earlier keys and clicks were read. Returns the seconds that it took.
        """
        number = self.active()
        if not number:
            return None
        window = self._display.create_resource_object("window", number)
        ping = self._atom("_NET_WM_PING")
        try:
            if ping not in (window.get_wm_protocols() or ()):
                return None
        except (BadWindow, XError):
            return None
        ticket = next(self._count)
        start = time.monotonic()
        self._send(window, window, "WM_PROTOCOLS", [ping, ticket, number, 0, 0], 0)
        while (left := start + seconds - time.monotonic()) > 0:
            # The answer is a message to the root window, of which we are told.
            while self._display.pending_events():
                event = self._display.next_event()
                if (
                    event.type & 0x7F == X.ClientMessage
                    and event.window == self._root
                    and list(event.data[1][:2]) == [ping, ticket]
                ):
                    return time.monotonic() - start
            select.select([self._display], [], [], left)
        return seconds

    def _ask(self, number: int, name: str, values: list[int]) -> None:
        window = self._display.create_resource_object("window", number)
        mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
        self._send(self._root, window, name, values, mask)

    def _send(self, to: Any, window: Any, name: str, values: list[int], mask: int) -> None:
        event = ClientMessage(window=window, client_type=self._atom(name), data=(32, values))
        to.send_event(event, event_mask=mask)
        self._display.flush()

    def _is_splash(self, window: Any) -> bool:
        told = window.get_full_property(self._atom("_NET_WM_WINDOW_TYPE"), X.AnyPropertyType)
        return told is not None and self._atom("_NET_WM_WINDOW_TYPE_SPLASH") in told.value

    def _title(self, window: Any) -> str:
        for name in ("_NET_WM_NAME", "WM_NAME"):
            try:
                told = window.get_full_property(self._atom(name), X.AnyPropertyType)
            except XError:
                return ""
            if told is not None:
                value = told.value
                return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        return ""

    def _numbers(self, name: str) -> list[int]:
        told = self._root.get_full_property(self._atom(name), X.AnyPropertyType)
        return [int(one) for one in told.value] if told is not None else []

    def _atom(self, name: str) -> int:
        return int(self._display.intern_atom(name))
