"""The steps that prepare a desktop for a task, that come before its evaluation, or solve it.

Programs run inside the desktop, never here. Steps that are not known are named by `unknown_steps`
before anything starts.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from tracegraph.envs.desktop.actions import from_record
from tracegraph.envs.desktop.codecs import pyautogui
from tracegraph.envs.desktop.osworld.provider import machine_of
from tracegraph.envs.desktop.protocol import Desktop, DesktopError, ExecResult
from tracegraph.envs.desktop.tasks import browser, windows
from tracegraph.envs.desktop.tasks.assets import fetch, reachable
from tracegraph.envs.desktop.tasks.browser import CHROMIUM, as_here
from tracegraph.envs.desktop.tasks.scene import Scene
from tracegraph.envs.desktop.tasks.schema import Step, TaskError, filled
from tracegraph.envs.desktop.tasks.windows import StepError

if TYPE_CHECKING:
    from tracegraph.envs.desktop.protocol import Window

# What opens a file of a kind; the last one opens all others.
_PROGRAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\.(xlsx?|ods|csv)$", ("soffice", "--norestore", "--calc")),
    (r"\.(docx?|odt|rtf)$", ("soffice", "--norestore", "--writer")),
    (r"\.(pptx?|odp)$", ("soffice", "--norestore", "--impress")),
    (r"\.(html?|pdf|svg|png|jpe?g)$", CHROMIUM),
    (r"/$|/[^./]+$", ("pcmanfm",)),
    (r"", ("mousepad",)),
)
_WINDOWLESS = ("socat",)
_KILLERS = ("killall", "pkill")
# What is started again at once must not meet what is just ending.
_GONE = 'for i in $(seq 50); do pgrep -- "$0" >/dev/null || exit 0; sleep 0.1; done'
_NOT_FOUND = 127
# There is one user inside; where there is no sudo, what it is asked for is done as that user.
_SUDO = (
    'command -v sudo >/dev/null || sudo() { while [ "${1#-}" != "$1" ]; do shift; done; "$@"; }\n'
)


async def run_steps(
    steps: Iterable[Step],
    desktop: Desktop,
    *,
    size: tuple[int, int],
    lenient: bool = False,
    kept: dict[str, bytes] | None = None,
) -> None:
    """Carry out steps, one after the other.

    Args:
        steps: what to do.
        desktop: where.
        size: of its screen, in pixels.
        lenient: go on after a step that fails, as before an evaluation: an agent may have closed
            the window that the step asks for.
        kept: takes the outputs that steps put aside, by name.

    Raises:
        EnvError: a step failed; the desktop is not what the task needs.
        TaskError: a step is not known, or its parameters are wrong.
    """
    scene = Scene(desktop, {} if kept is None else kept)
    for step in steps:
        parameters = filled(step.parameters, width=size[0], height=size[1])
        if step.type not in _STEPS:
            raise TaskError(f"there is no setup step {step.type}; known are {', '.join(_STEPS)}")
        try:
            await _STEPS[step.type](scene, parameters)
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
            found += [f"download of {url[:60]}" for url in urls if not reachable(url)]
    return found


async def _download(scene: Scene, given: dict[str, Any]) -> None:
    for file in given["files"]:
        await scene.desktop.put(file["path"], fetch(file["url"]))


async def _execute(scene: Scene, given: dict[str, Any]) -> None:
    result = await _run(scene.desktop, given)
    for stream, told in (("stdout", result.stdout), ("stderr", result.stderr)):
        if name := given.get(stream):
            scene.kept[name] = told.encode()
    if result.code != 0 and not given.get("ignore_code"):
        said = (result.stderr or result.stdout).strip()[-300:]
        raise StepError(f"{' '.join(_argv(given))[:120]} ended with {result.code}: {said}")


async def _verified(scene: Scene, given: dict[str, Any]) -> None:
    """Run a command and wait until a window is there, or another command succeeds."""
    await _execute(scene, given)
    wanted = given.get("verification") or {}
    deadline = asyncio.get_running_loop().time() + float(given.get("max_wait_time", 10))
    while not await _met(scene.desktop, wanted):
        if asyncio.get_running_loop().time() > deadline:
            raise StepError(f"{' '.join(_argv(given))[:120]} did not lead to {wanted}")
        await asyncio.sleep(float(given.get("check_interval", 1)))


async def _met(desktop: Desktop, wanted: dict[str, Any]) -> bool:
    if title := wanted.get("window_exists"):
        found = [one.title.lower() for one in await windows.windowed(desktop).windows()]
        if not any(str(title).lower() in one for one in found):
            return False
    if line := wanted.get("command_success"):
        return (await desktop.exec(["sh", "-c", str(line)])).code == 0
    return True


async def _launch(scene: Scene, given: dict[str, Any]) -> None:
    argv = _meant(scene.desktop, given)
    name = PurePosixPath(argv[0]).name
    if name in _KILLERS:
        await scene.desktop.exec(argv)
        await scene.desktop.exec(["sh", "-c", _GONE, argv[-1]])
        return
    before = await windows.windows_of(scene.desktop)
    told = await scene.desktop.exec(argv, background=True)
    if name in _WINDOWLESS:
        return
    if told.code == _NOT_FOUND:
        raise StepError(f"the desktop has no {argv[0]}; install the program that the task needs")
    await windows.wait_for_new(scene.desktop, before, argv[0], _of(name))


async def _open(scene: Scene, given: dict[str, Any]) -> None:
    path = str(given["path"])
    if machine := machine_of(scene.desktop):
        await machine.open_file(path)
        return
    program = next(argv for pattern, argv in _PROGRAMS if re.search(pattern, path.lower()))
    before = await windows.windows_of(scene.desktop)
    await scene.desktop.exec([*program, path], background=True)
    await windows.wait_for_new(scene.desktop, before, program[0], _of(program[0]))


async def _sleep(scene: Scene, given: dict[str, Any]) -> None:
    await asyncio.sleep(float(given["seconds"]))


async def _activate(scene: Scene, given: dict[str, Any]) -> None:
    if machine := machine_of(scene.desktop):
        await _told(machine.activate_window(**_window_of(given)))
        return
    window = await windows.find(scene.desktop, given)
    await windows.windowed(scene.desktop).activate(window)


async def _close(scene: Scene, given: dict[str, Any]) -> None:
    if machine := machine_of(scene.desktop):
        await _told(machine.close_window(**_window_of(given)))
        return
    window = await windows.find(scene.desktop, given)
    await windows.windowed(scene.desktop).close_window(window)


async def _wallpaper(scene: Scene, given: dict[str, Any]) -> None:
    machine = machine_of(scene.desktop)
    if machine is None:
        raise StepError("this desktop has no wallpaper")
    await machine.change_wallpaper(str(given["path"]))


async def _act(scene: Scene, given: dict[str, Any]) -> None:
    await scene.desktop.act(from_record(given))


_STEPS: dict[str, Callable[[Scene, dict[str, Any]], Awaitable[None]]] = {
    "download": _download, "execute": _execute, "command": _execute, "launch": _launch,
    "execute_with_verification": _verified, "open": _open, "sleep": _sleep,
    "activate_window": _activate, "close_window": _close, "act": _act,
    "change_wallpaper": _wallpaper, "chrome_open_tabs": browser.open_tabs,
    "chrome_close_tabs": browser.close_tabs, "update_browse_history": browser.update_history,
}  # fmt: skip


async def _run(desktop: Desktop, given: dict[str, Any]) -> ExecResult:
    argv = _meant(desktop, given)
    if argv[0].startswith("python") and argv[1] == "-c" and "pyautogui" in argv[2]:
        # Input by way of a program: the same actions, without it.
        frame = await desktop.observe()
        for action in pyautogui.parse(argv[2], width=frame.width, height=frame.height):
            await desktop.act(action)
        return ExecResult(0)
    return await desktop.exec(argv, seconds=float(given.get("timeout", 60)))


async def _told(request: Awaitable[None]) -> None:
    """Wait for what a machine does with a window, which it may not have."""
    try:
        await request
    except DesktopError as error:
        raise StepError(str(error)) from error


def _window_of(given: dict[str, Any]) -> dict[str, Any]:
    flags = {name: bool(given.get(name, False)) for name in ("strict", "by_class")}
    return {"name": str(given["window_name"]), **flags}


def _meant(desktop: Desktop, given: dict[str, Any]) -> list[str]:
    """Return a step's command; OSWorld's own machines have the programs that it names."""
    argv = _argv(given)
    return argv if machine_of(desktop) else as_here(argv)


def _argv(given: dict[str, Any]) -> list[str]:
    command = given["command"]
    if given.get("shell") and isinstance(command, list):
        command = " ".join(command)
    if isinstance(command, list):
        return [str(part) for part in command]
    return ["sh", "-c", _SUDO + command if "sudo " in command else command]


def _of(program: str) -> Callable[[Window], bool]:
    """Return whether a window is one of a program; those without a class are splash screens."""
    name = "libreoffice" if program in ("soffice", "libreoffice") else program
    named = any(name in (argv[0], "libreoffice") for _, argv in _PROGRAMS)
    return lambda window: name in window.app.lower() if named else bool(window.app)
