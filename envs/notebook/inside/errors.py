"""Errors of cells, short: the lines of the notebook that led there, the last line of a library."""

from __future__ import annotations

import linecache
import os
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import IPython

_MESSAGE = 2000
_FRAMES = 6


def install(shell: Any, restore: Callable[[], None]) -> None:
    """Make a shell send short tracebacks; ``restore`` puts the streams back first."""
    send = shell._showtraceback

    def short(etype: type[BaseException], value: Any, _lines: list[str]) -> None:
        restore()
        error = value if isinstance(value, BaseException) else None
        message = _message(error) if error is not None else str(value)[:_MESSAGE]
        send(etype, message, describe(shell, etype, error, message))

    shell._showtraceback = short


def describe(
    shell: Any, etype: type[BaseException], error: BaseException | None, message: str
) -> list[str]:
    """Return the lines of a traceback."""
    lines: list[str] = []
    if isinstance(error, SyntaxError):
        where = _cell(shell, error.filename or "")
        if error.lineno:
            lines.append(f"{where or error.filename}, line {error.lineno}:")
            lines.append(f"  > {error.lineno}  {(error.text or '').rstrip()[:300]}")
            if error.offset:
                lines.append(" " * (4 + len(str(error.lineno)) + 1 + error.offset) + "^")
    elif error is not None:
        lines += _frames(shell, error.__traceback__)
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None and (type(cause), str(cause)) != (type(error), str(error)):
            lines.append(f"caused by {type(cause).__name__}: {_message(cause)[:300]}")
    lines.append(f"{etype.__name__}: {message}" if message else etype.__name__)
    return lines


def _frames(shell: Any, tb: TracebackType | None) -> list[str]:
    cells: list[str] = []
    library = ""
    hidden = (os.path.dirname(__file__), os.path.dirname(IPython.__file__))
    for frame, number in traceback.walk_tb(tb):
        code = frame.f_code
        where = _cell(shell, code.co_filename)
        if where:
            inside = "" if code.co_name == "<module>" else f", in {code.co_name}"
            cells.append(f"{where}, line {number}{inside}:\n" + _around(code.co_filename, number))
            library = ""
        elif cells and not code.co_filename.startswith(hidden):
            library = f"{_short(code.co_filename)}, line {number}, in {code.co_name}"
    if len(cells) > _FRAMES:
        middle = len(cells) - _FRAMES
        cells = [*cells[:2], f"… {middle} more calls …", *cells[-(_FRAMES - 2) :]]
    return [*cells, *([library] if library else [])]


def _around(file: str, number: int) -> str:
    shown = []
    for line in (number - 1, number, number + 1):
        text = linecache.getline(file, line).rstrip() if line else ""
        if text or line == number:
            shown.append(f"  {'>' if line == number else ' '} {line}  {text[:300]}")
    return "\n".join(shown)


def _cell(shell: Any, file: str) -> str:
    number = shell.compile._filename_map.get(file)
    return "" if number is None else f"cell {number}"


def _short(file: str) -> str:
    return "/".join(file.replace("\\", "/").split("/")[-3:])


def _message(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception as fault:
        return f"<its text cannot be made: {type(fault).__name__}>"
    if len(text) <= _MESSAGE:
        return text
    return f"{text[:_MESSAGE]}… {len(text) - _MESSAGE:,} characters left out"
