"""The programs that make a desktop: X server, message bus, window manager."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import subprocess
import time
from typing import Any

from Xlib import X
from Xlib.display import Display

from .boot import BUS, DISPLAY, Begun, environment

_BACKGROUND = 0x3B4252
_SECONDS = 20.0
# What the capture needs, by the names that Linux has had for them for many years.
_LIBRARIES = {
    "xcb": "libxcb.so.1", "xcb-randr": "libxcb-randr.so.0", "xcb-render": "libxcb-render.so.0",
    "xcb-shm": "libxcb-shm.so.0", "xcb-xfixes": "libxcb-xfixes.so.0",
}  # fmt: skip


def finish(begun: Begun) -> tuple[Display, list[subprocess.Popen[bytes]]]:
    """Wait for what was begun, start the window manager, and return a connection.

    Raises RuntimeError when one of them does not come up.
    """
    _load_capture()
    # The number ends with a line feed; closing the pipe before it would end the server.
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(begun.told, 64)
        if not part:
            raise RuntimeError(f"Xvfb ended with {begun.server.wait()}")
        line += part
    os.close(begun.told)
    windows = subprocess.Popen(
        ["openbox", "--sm-disable"], env=environment(), stdin=subprocess.DEVNULL, stdout=2
    )
    display = Display(DISPLAY)
    _paint(display)
    _until(lambda: _managed(display), windows, "openbox")
    _until(lambda: os.path.exists(BUS), begun.bus, "dbus-daemon")
    return display, [begun.server, begun.bus, windows]


def _load_capture() -> None:
    # mss asks another program for each of five libraries; that takes longer than the server.
    from mss.linux import xcb

    asked = ctypes.util.find_library
    ctypes.util.find_library = lambda name: _library(name) or asked(name)
    try:
        xcb.initialize()
    finally:
        ctypes.util.find_library = asked


def _library(name: str) -> str | None:
    known = _LIBRARIES.get(name)
    if known is None:
        return None
    try:
        ctypes.CDLL(known)
    except OSError:
        return None
    return known


def _paint(display: Display) -> None:
    root = display.screen().root
    root.change_attributes(background_pixel=_BACKGROUND)
    root.clear_area()
    display.flush()


def _managed(display: Display) -> bool:
    root = display.screen().root
    check = display.intern_atom("_NET_SUPPORTING_WM_CHECK")
    return bool(root.get_full_property(check, X.AnyPropertyType))


def _until(ready: Any, process: subprocess.Popen[bytes], name: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name} was not ready in {_SECONDS:.0f} s")
        time.sleep(0.003)
