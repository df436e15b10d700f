"""Windows that steps of a task wait for, raise and close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from tracegraph.envs.desktop.protocol import Desktop
from tracegraph.envs.protocol import EnvError

if TYPE_CHECKING:
    from tracegraph.envs.desktop.protocol import Window

_WINDOW_SECONDS = 30.0  # LibreOffice on a cold disk takes ten
_POLL = 0.1


class StepError(EnvError):
    """A step could not be carried out on this desktop as it is."""


class Windowed(Protocol):
    """A desktop that knows its windows."""

    async def windows(self) -> list[Window]:
        """Return them, the lowest first."""

    async def activate(self, window: Window) -> None:
        """Raise one and give it the keyboard."""

    async def close_window(self, window: Window) -> None:
        """Close one."""

    async def settle(self) -> bool:
        """Wait until the picture is still."""


def windowed(desktop: Desktop) -> Windowed:
    """Return a desktop as one that knows its windows; raises StepError when it does not."""
    if "windows" not in desktop.capabilities:
        raise StepError("this desktop does not tell its windows")
    return cast("Windowed", desktop)


async def windows_of(desktop: Desktop) -> list[Window]:
    """Return the windows, none of a desktop that does not tell them."""
    return await windowed(desktop).windows() if "windows" in desktop.capabilities else []


async def wait_for_new(
    desktop: Desktop, before: list[Window], program: str, fits: Callable[[Window], bool]
) -> None:
    """Wait for a window that was not there or has changed, and give it the keyboard.

    Raises:
        StepError: none that fits came in half a minute.
    """
    if "windows" not in desktop.capabilities:
        await asyncio.sleep(1)
        return
    known = {(window.id, window.title) for window in before}
    deadline = asyncio.get_running_loop().time() + _WINDOW_SECONDS
    while True:
        for window in await windows_of(desktop):
            if fits(window) and (window.id, window.title) not in known:
                await windowed(desktop).settle()
                await windowed(desktop).activate(window)
                return
        if asyncio.get_running_loop().time() > deadline:
            raise StepError(f"{program} showed no window in {_WINDOW_SECONDS:.0f} s")
        await asyncio.sleep(_POLL)


def is_meant(window: Window, given: dict[str, Any]) -> bool:
    """Return whether a step or a request means a window, as wmctrl -a, -F and -x would.

    Chromium stands for Chrome here, so its windows answer to both names.
    """
    name = str(given["window_name"])
    text = window.app if given.get("by_class") else window.title
    names = {
        name,
        name.replace("Google Chrome", "Chromium"),
        name.replace("google-chrome", "chromium"),
    }
    if given.get("strict"):
        return text in names
    return any(one.lower() in text.lower() for one in names)


async def find(desktop: Desktop, given: dict[str, Any]) -> Window:
    """Return the window that a step names, as OSWorld's server looks for it.

    Raises:
        StepError: there is none, also after ten seconds.
    """
    name = str(given["window_name"])
    deadline = asyncio.get_running_loop().time() + _WINDOW_SECONDS / 3
    while True:
        for window in reversed(await windowed(desktop).windows()):
            if is_meant(window, given):
                return window
        if asyncio.get_running_loop().time() > deadline:
            raise StepError(f"there is no window {name!r}")
        await asyncio.sleep(_POLL)
