"""The steps that prepare a desktop for a task, that come before its evaluation, or solve it.

Programs run inside the desktop, never here. Steps that are not known are named by `unknown_steps`
before anything starts.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, cast

from tracegraph.envs.desktop.actions import from_record
from tracegraph.envs.desktop.codecs import pyautogui
from tracegraph.envs.desktop.protocol import Desktop
from tracegraph.envs.desktop.tasks.assets import fetch
from tracegraph.envs.desktop.tasks.schema import Step, TaskError, filled
from tracegraph.envs.protocol import EnvError

if TYPE_CHECKING:
    from tracegraph.envs.desktop.protocol import Window

_WINDOW_SECONDS = 30.0  # LibreOffice on a cold disk takes ten
_POLL = 0.1
# The desktop itself is the sandbox, in which the browser's own cannot be built.
CHROMIUM = (
    "chromium", "--no-sandbox", "--test-type", "--no-first-run", "--no-default-browser-check",
    "--password-store=basic", "--force-renderer-accessibility",
)  # fmt: skip
# What opens a file of a kind; the last one opens all others.
_PROGRAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\.(xlsx?|ods|csv)$", ("soffice", "--norestore", "--calc")),
    (r"\.(docx?|odt|rtf)$", ("soffice", "--norestore", "--writer")),
    (r"\.(pptx?|odp)$", ("soffice", "--norestore", "--impress")),
    (r"\.(html?|pdf|svg|png|jpe?g)$", CHROMIUM),
    (r"/$|/[^./]+$", ("pcmanfm",)),
    (r"", ("mousepad",)),
)


class _Windowed(Protocol):
    """A desktop that knows its windows."""

    async def windows(self) -> list[Window]: ...

    async def activate(self, window: Window) -> None: ...

    async def close_window(self, window: Window) -> None: ...

    async def settle(self) -> bool: ...


class StepError(EnvError):
    """A step could not be carried out on this desktop as it is."""


async def run_steps(
    steps: Iterable[Step], desktop: Desktop, *, size: tuple[int, int], lenient: bool = False
) -> None:
    """Carry out steps, one after the other.

    Args:
        steps: what to do.
        desktop: where.
        size: of its screen, in pixels.
        lenient: go on after a step that fails, as before an evaluation: an agent may have closed
            the window that the step asks for.

    Raises:
        EnvError: a step failed; the desktop is not what the task needs.
        TaskError: a step is not known, or its parameters are wrong.
    """
    for step in steps:
        parameters = filled(step.parameters, width=size[0], height=size[1])
        if step.type not in _STEPS:
            raise TaskError(f"there is no setup step {step.type}; known are {', '.join(_STEPS)}")
        try:
            await _STEPS[step.type](desktop, parameters)
        except KeyError as error:
            raise TaskError(f"the step {step.type} has no {error}") from error
        except StepError:
            if not lenient:
                raise


def unknown_steps(steps: Iterable[Step]) -> list[str]:
    """Return why steps cannot be carried out, a text each; none when all can."""
    found = [f"setup {step.type}" for step in steps if step.type not in _STEPS]
    for step in steps:
        if step.type == "download":
            urls = [str(file.get("url", "")) for file in step.parameters.get("files", [])]
            found += [f"download of {url[:60]}" for url in urls if not url.startswith("data:")]
    return found


async def _download(desktop: Desktop, given: dict[str, Any]) -> None:
    for file in given["files"]:
        await desktop.put(file["path"], fetch(file["url"]))


async def _execute(desktop: Desktop, given: dict[str, Any]) -> None:
    argv = _argv(given)
    if argv[0].startswith("python") and argv[1] == "-c" and "pyautogui" in argv[2]:
        # Input by way of a program: the same actions, without it.
        frame = await desktop.observe()
        for action in pyautogui.parse(argv[2], width=frame.width, height=frame.height):
            await desktop.act(action)
        return
    result = await desktop.exec(argv, seconds=float(given.get("timeout", 60)))
    if result.code != 0 and not given.get("ignore_code"):
        said = (result.stderr or result.stdout).strip()[-300:]
        raise StepError(f"{' '.join(argv)[:120]} ended with {result.code}: {said}")


async def _launch(desktop: Desktop, given: dict[str, Any]) -> None:
    before = await _windows(desktop)
    await desktop.exec(_argv(given), background=True)
    await _window_of(desktop, before, _argv(given)[0])


async def _open(desktop: Desktop, given: dict[str, Any]) -> None:
    path = str(given["path"])
    program = next(argv for pattern, argv in _PROGRAMS if re.search(pattern, path.lower()))
    before = await _windows(desktop)
    await desktop.exec([*program, path], background=True)
    await _window_of(desktop, before, program[0])


async def _sleep(desktop: Desktop, given: dict[str, Any]) -> None:
    await asyncio.sleep(float(given["seconds"]))


async def _activate(desktop: Desktop, given: dict[str, Any]) -> None:
    await _windowed(desktop).activate(await _find(desktop, given))


async def _close(desktop: Desktop, given: dict[str, Any]) -> None:
    await _windowed(desktop).close_window(await _find(desktop, given))


async def _act(desktop: Desktop, given: dict[str, Any]) -> None:
    await desktop.act(from_record(given))


_STEPS: dict[str, Callable[[Desktop, dict[str, Any]], Awaitable[None]]] = {
    "download": _download, "execute": _execute, "command": _execute, "launch": _launch,
    "open": _open, "sleep": _sleep, "activate_window": _activate, "close_window": _close,
    "act": _act,
}  # fmt: skip


def _argv(given: dict[str, Any]) -> list[str]:
    command = given["command"]
    if given.get("shell") and isinstance(command, list):
        command = " ".join(command)
    return [str(part) for part in command] if isinstance(command, list) else ["sh", "-c", command]


def _windowed(desktop: Desktop) -> _Windowed:
    if "windows" not in desktop.capabilities:
        raise StepError("this desktop does not tell its windows")
    return cast("_Windowed", desktop)


async def _windows(desktop: Desktop) -> list[Window]:
    return await _windowed(desktop).windows() if "windows" in desktop.capabilities else []


async def _window_of(desktop: Desktop, before: list[Window], program: str) -> None:
    """Wait for a window of a program that was not there or has changed, and give it the keyboard.

    Windows without a class are splash screens.
    """
    if "windows" not in desktop.capabilities:
        await asyncio.sleep(1)
        return
    known = {(window.id, window.title) for window in before}
    name = "libreoffice" if program in ("soffice", "libreoffice") else program.rpartition("/")[2]
    named = any(name in (argv[0], "libreoffice") for _, argv in _PROGRAMS)
    deadline = asyncio.get_running_loop().time() + _WINDOW_SECONDS
    while True:
        for window in await _windows(desktop):
            ours = name in window.app.lower() if named else bool(window.app)
            if ours and (window.id, window.title) not in known:
                await _windowed(desktop).settle()
                await _windowed(desktop).activate(window)
                return
        if asyncio.get_running_loop().time() > deadline:
            raise StepError(f"{program} showed no window in {_WINDOW_SECONDS:.0f} s")
        await asyncio.sleep(_POLL)


async def _find(desktop: Desktop, given: dict[str, Any]) -> Window:
    name = str(given["window_name"])

    def fits(window: Window) -> bool:
        text = window.app if given.get("by_class") else window.title
        return text == name if given.get("strict") else name.lower() in text.lower()

    deadline = asyncio.get_running_loop().time() + _WINDOW_SECONDS / 3
    while True:
        for window in reversed(await _windowed(desktop).windows()):
            if fits(window):
                return window
        if asyncio.get_running_loop().time() > deadline:
            raise StepError(f"there is no window {name!r}")
        await asyncio.sleep(_POLL)
