"""Top-level windows by EWMH: which there are, which is active, and whether one has caught up."""

from __future__ import annotations

import itertools
import select
import time
from collections.abc import Callable
from typing import Any

from Xlib import X
from Xlib.display import Display
from Xlib.error import XError
from Xlib.protocol.event import ClientMessage

from . import processes

_RESTING_TICKS = 1  # of 10 ms; blinking cursors and clocks take less


class Windows:
    """The windows of a display."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._root = display.screen().root
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self._count = itertools.count(1)
        self._own = self._root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self._own.change_attributes(event_mask=X.PropertyChangeMask)
        display.set_error_handler(lambda *_: None)  # windows may go at any moment
        self._first: dict[int, float] = {}  # window: when it was seen first

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
                owner = self._owner(number)
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
                    "pid": owner,
                }
            )
        return found

    def active(self) -> int:
        """Return the id of the active window, or 0."""
        numbers = self._numbers("_NET_ACTIVE_WINDOW")
        return numbers[0] if numbers else 0

    def shown(self) -> tuple[int, ...]:
        """Return what changes when windows come, go, or become active."""
        numbers = self._numbers("_NET_CLIENT_LIST_STACKING")
        now = time.monotonic()
        self._first = {number: self._first.get(number, now) for number in numbers}
        return (self.active(), *numbers)

    def age(self) -> float:
        """Return for how many seconds the active window has been seen."""
        now = time.monotonic()
        return now - self._first.get(self.active(), now)

    def work(self) -> int | None:
        """Return the processor time of the active window's program, in ticks; None: unknown."""
        return processes.ticks(self._owner(self.active()))

    def quiet(self, since: int | None) -> bool:
        """Whether that program rests, and did not work since it had used so many ticks."""
        owner = self._owner(self.active())
        now = processes.ticks(owner)
        if now is None or since is None:
            return True
        return now - since <= _RESTING_TICKS and not processes.running(owner)

    def activate(self, number: int) -> None:
        """Raise a window and give it the keyboard."""
        self._ask(number, "_NET_ACTIVE_WINDOW", [2, X.CurrentTime, 0, 0, 0])

    def shut(self, number: int) -> None:
        """Ask a window to close, as its close button does."""
        self._ask(number, "_NET_CLOSE_WINDOW", [X.CurrentTime, 2, 0, 0, 0])

    def caught_up(self, seconds: float) -> float | None:
        """Wait until all events until now were handled; return the seconds that it took.

        First the window manager: it holds a click back until it has seen it. Then the active
        window, and the manager again, which shows the windows that the click opened. None: it was
        not done in time, or the active window cannot tell.
        """
        start = time.monotonic()
        deadline = start + seconds
        done = self._manager(deadline) and self._program(deadline) and self._manager(deadline)
        return time.monotonic() - start if done else None

    def _manager(self, deadline: float) -> bool:
        # It answers this question, in the order of its events, with a property of our window.
        frame = self._atom("_NET_FRAME_EXTENTS")
        self._own.delete_property(frame)
        self._ask(self._own.id, "_NET_REQUEST_FRAME_EXTENTS", [0, 0, 0, 0, 0])
        return self._await(
            deadline,
            lambda event: (
                event.type & 0x7F == X.PropertyNotify
                and event.window == self._own
                and event.atom == frame
                and event.state == X.PropertyNewValue
            ),
        )

    def _program(self, deadline: float) -> bool:
        # A program answers _NET_WM_PING in the order of its events.
        number = self.active()
        if not number:
            return True
        window = self._display.create_resource_object("window", number)
        ping = self._atom("_NET_WM_PING")
        try:
            if ping not in (window.get_wm_protocols() or ()):
                return False
        except XError:
            return True  # it has just gone
        ticket = next(self._count)
        self._send(window, window, "WM_PROTOCOLS", [ping, ticket, number, 0, 0], 0)
        return self._await(
            deadline,
            lambda event: (
                event.type & 0x7F == X.ClientMessage
                and event.window == self._root
                and list(event.data[1][:2]) == [ping, ticket]
            ),
        )

    def _await(self, deadline: float, wanted: Callable[[Any], bool]) -> bool:
        while True:
            while self._display.pending_events():
                if wanted(self._display.next_event()):
                    return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            select.select([self._display], [], [], left)

    def _ask(self, number: int, name: str, values: list[int]) -> None:
        window = self._display.create_resource_object("window", number)
        mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
        self._send(self._root, window, name, values, mask)

    def _send(self, to: Any, window: Any, name: str, values: list[int], mask: int) -> None:
        event = ClientMessage(window=window, client_type=self._atom(name), data=(32, values))
        to.send_event(event, event_mask=mask)
        self._display.flush()

    def _owner(self, number: int) -> int:
        if not number:
            return 0
        window = self._display.create_resource_object("window", number)
        try:
            told = window.get_full_property(self._atom("_NET_WM_PID"), X.AnyPropertyType)
        except XError:
            return 0
        return int(told.value[0]) if told and len(told.value) else 0

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
