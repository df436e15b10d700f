"""The first to run in a desktop: starts what takes longest, then loads the rest meanwhile.

It imports as little as it can: the X server comes up while the libraries are read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

DISPLAY = ":0"
HOME = os.environ.get("HOME", "/home/user")
BUS = "/tmp/.bus"


class Begun(NamedTuple):
    """What was started; ``told`` is a pipe on which the X server says when it listens."""

    width: int
    height: int
    server: subprocess.Popen[bytes]
    bus: subprocess.Popen[bytes]
    told: int


def environment() -> dict[str, str]:
    """Return what applications see besides the sandbox's own variables."""
    return {
        **os.environ,
        "DISPLAY": DISPLAY,
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={BUS}",
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


def begin(width: int, height: int) -> Begun:
    """Start the X server and the message bus, and wait for neither."""
    os.makedirs("/tmp/.X11-unix", exist_ok=True)
    os.chmod("/tmp/.X11-unix", 0o1777)
    os.makedirs("/tmp/.runtime", mode=0o700, exist_ok=True)
    told, tell = os.pipe()
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
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={BUS}"],
        env=environment(), stdin=subprocess.DEVNULL, stdout=2,
    )  # fmt: skip
    return Begun(width, height, server, bus, told)


def main() -> None:
    """Run a desktop of the size that the arguments say, until standard input ends."""
    begun = begin(int(sys.argv[1]), int(sys.argv[2]))
    from . import session

    session.main(begun)
