"""What a command means on our desktops: input actions, or a program inside.

pyautogui source that agents send is read as data and becomes actions; it never runs. Everything
else runs inside the desktop, never on this machine.
"""

from __future__ import annotations

import os.path
import re
import shlex
from dataclasses import dataclass
from typing import Any

from tracegraph.envs.desktop.actions import FormatError
from tracegraph.envs.desktop.codecs import pyautogui
from tracegraph.envs.desktop.protocol import ActionError, Desktop, ExecResult

_HOME = "/home/user"
_PYTHON = re.compile(r"python(3(\.\d+)?)?\Z")
# What OSWorld's client puts before every Python source, also before what only looks around.
_PREFIX = re.compile(r"import pyautogui; import time; pyautogui\.FAILSAFE = False;\s*")
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Command:
    """A command as the protocol has it: a list or a line, with or without a shell."""

    argv: tuple[str, ...]

    @classmethod
    def read(cls, told: dict[str, Any]) -> Command:
        """Return the command of a request; raises ValueError when it has none."""
        command = told.get("command")
        shell = bool(told.get("shell", False))
        if isinstance(command, str) and command.strip():
            argv = ["/bin/sh", "-c", command] if shell else shlex.split(command)
        elif isinstance(command, list) and command and all(isinstance(one, str) for one in command):
            # subprocess takes the first of a list as the line when a shell is asked for.
            argv = ["/bin/sh", "-c", *command] if shell else list(command)
        else:
            raise ValueError("'command' is a text or a list of texts")
        if not shell:
            argv = [_HOME + one[1:] if one == "~" or one.startswith("~/") else one for one in argv]
        return cls(tuple(argv))

    @property
    def input_source(self) -> str | None:
        """The pyautogui source when that is what it is, else None."""
        if len(self.argv) == 3 and self.argv[1] == "-c" and "pyautogui" in self.argv[2]:
            return self.argv[2] if _PYTHON.match(os.path.basename(self.argv[0])) else None
        return None


async def run(desktop: Desktop, command: Command, size: tuple[int, int]) -> ExecResult:
    """Carry out a command to its end. Source that cannot be read has code 1 and does nothing."""
    source = command.input_source
    if source is None:
        return await desktop.exec(command.argv, seconds=SECONDS)
    rest = _PREFIX.sub("", source, count=1)
    if rest.strip() and "pyautogui" not in rest and "time.sleep" not in rest:
        return await desktop.exec(["/usr/bin/python3", "-c", rest], seconds=SECONDS)
    return await act(desktop, source, size)


async def act(desktop: Desktop, source: str, size: tuple[int, int]) -> ExecResult:
    """Carry out pyautogui source as actions."""
    pointer = getattr(desktop, "pointer", None)
    try:
        place = await pointer() if pointer is not None else (0, 0)
        actions = pyautogui.parse(source, width=size[0], height=size[1], pointer=place)
        for action in actions:
            await desktop.act(action)
    except (FormatError, ActionError) as error:
        return ExecResult(1, "", f"{type(error).__name__}: {error}")
    return ExecResult(0)
