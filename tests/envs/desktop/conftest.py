"""A real desktop for tests, and ways to wait for what is in it."""

import asyncio
import shutil
import time

import pytest

from tracegraph.envs.desktop.local import LocalXvfb

NEEDED = ("Xvfb", "openbox", "dbus-daemon", "bwrap", "mousepad", "xterm")


@pytest.fixture
async def desktop():
    """A started desktop of 1280 x 720."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    async with LocalXvfb() as started:
        yield started


@pytest.fixture
def opened():
    """Start a program and wait until its window is there and still."""

    async def wait(desktop, argv, title="", seconds=30):
        await desktop.exec(argv, background=True)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for window in await desktop.windows():
                if title in window.title:
                    await desktop.settle()
                    return window
            await asyncio.sleep(0.03)
        raise AssertionError(f"no window {title!r} of {argv}")

    return wait
