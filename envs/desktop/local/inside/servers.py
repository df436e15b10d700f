"""The programs that make a desktop: X server, message bus, window manager."""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any

from Xlib import X
from Xlib.display import Display

DISPLAY = ":0"
HOME = os.environ.get("HOME", "/home/user")
_BUS = "unix:path=/tmp/.bus"
_BACKGROUND = 0x3B4252
_SECONDS = 20.0


def environment() -> dict[str, str]:
    """Return what applications see besides the sandbox's own variables."""
    return {
        **os.environ,
        "DISPLAY": DISPLAY,
        "DBUS_SESSION_BUS_ADDRESS": _BUS,
        "XDG_RUNTIME_DIR": "/tmp/.runtime",
        "XDG_CURRENT_DESKTOP": "openbox",
        "GTK_MODULES": "gail:atk-bridge",
        # No input method: GTK's simple one takes U+FE50 to U+FE93 and U+FF20 for dead keys.
        "GTK_IM_MODULE": "gtk-im-context-none",
        "QT_ACCESSIBILITY": "1",
        "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        "SAL_USE_VCLPLUGIN": "gtk3",
        # Settings in one file instead of one more service.
        "GSETTINGS_BACKEND": "keyfile",
        "NO_AT_BRIDGE": "0",
    }


def start(width: int, height: int) -> tuple[Display, list[subprocess.Popen[bytes]]]:
    """Start them all and return a connection; raises RuntimeError when one does not come up."""
    os.makedirs("/tmp/.X11-unix", exist_ok=True)
    os.chmod("/tmp/.X11-unix", 0o1777)
    os.makedirs("/tmp/.runtime", mode=0o700, exist_ok=True)
    told, tell = os.pipe()
    env = environment()
    # -r: no key repeats when this machine stalls between press and release.
    server = subprocess.Popen(
        [
            "Xvfb", DISPLAY, "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp",
            "-noreset", "-r", "-displayfd", str(tell),
        ],
        pass_fds=[tell], stdin=subprocess.DEVNULL, stdout=2,
    )  # fmt: skip
    os.close(tell)
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={_BUS}"],
        env=env, stdin=subprocess.DEVNULL, stdout=2,
    )  # fmt: skip
    _load_capture()
    # The number ends with a line feed; closing the pipe before it would end the server.
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(told, 64)
        if not part:
            raise RuntimeError(f"Xvfb ended with {server.wait()}")
        line += part
    os.close(told)
    display = Display(DISPLAY)
    _paint(display)
    windows = subprocess.Popen(
        ["openbox", "--sm-disable"], env=env, stdin=subprocess.DEVNULL, stdout=2
    )
    _until(lambda: _managed(display), windows, "openbox")
    _until(lambda: os.path.exists("/tmp/.bus"), bus, "dbus-daemon")
    return display, [server, bus, windows]


def _load_capture() -> None:
    # mss looks its libraries up with other programs; that takes as long as the server's start.
    from mss.linux import xcb

    xcb.initialize()


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
