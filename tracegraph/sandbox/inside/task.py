"""One task's process: more rights are taken from it, then it defines functions and calls them.

What it may still do: compute, make threads, use files in a folder of its own, read what the
sandbox shows, answer. No processes, no programs, no sockets, no signals to others.
"""

from __future__ import annotations

import io
import linecache
import os
import resource
import select
import signal
import struct
import sys
import traceback
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from . import bpf, codec, codec_library, kernel, landlock
from .places import usage
from .wire import CALL, CANNOT, DISK, FULL, LENGTH, MEMORY, MODULE, RAISED, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK = 1 << 16
_TEXT = 20_000
_KEY = struct.Struct("<I")


class OutputLimit(BaseException):
    """More was printed than is allowed. No Exception, so that the code does not catch it."""


class Printed(io.TextIOBase):
    """Takes what is printed, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.parts: list[str] = []
        self._limit = limit
        self._left = limit
        self.over = False

    encoding = "utf-8"

    def writable(self) -> bool:
        """Tell that it is."""
        return True

    def fileno(self) -> int:
        """Return what libraries print to."""
        return 1

    def write(self, text: str) -> int:
        """Keep the text; raises OutputLimit when it is too much."""
        self._left -= len(text)
        if self._left < 0:
            self.over = True
            raise OutputLimit
        self.parts.append(text)
        return len(text)

    def take(self) -> str:
        """Return what was printed and begin anew."""
        text = "".join(self.parts)
        self.parts.clear()
        self._left = self._limit
        return text


class Classes(dict[str, Any]):
    """The classes that shipped source defines, and stand-ins for the others."""

    def stand_in(self, name: str, letter: str, parts: Any) -> Any:
        """Make a class with the same name and fields for a value whose own class is not here."""
        module, _, qualified = name.partition(":")
        short = qualified.rpartition(".")[2]
        made: Any
        if letter == "E":
            import enum

            made = getattr(enum, parts[2])(short, parts[3])
        elif letter == "T":
            from collections import namedtuple as record

            made = record(short, parts[0])  # type: ignore[misc,no-redef]
        else:
            import dataclasses

            made = dataclasses.make_dataclass(short, parts[0], frozen=parts[2])
        made.__module__, made.__qualname__ = module, qualified
        self[name] = made
        return made


class Task:
    """Defines and calls, one request after the other."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self._limit: int = setup["output"]
        self._largest: int = setup["largest"]
        self._defined: dict[int, tuple[Callable[..., Any], Classes]] = {}
        self._files: set[str] = set()
        self._printed = Printed(self._limit)
        # Without a mount of limited size, the folder is looked at after each call.
        self._room: list[int] = setup["room"]
        self._folder = os.getcwd()

    def answer(self, request: bytes) -> bytes:
        """Do what is asked and return the answer."""
        printed = self._printed
        sys.stdout = sys.stderr = printed
        try:
            if request[:1] == CALL:
                value = self._call(request)
            else:
                value = None
                self._define(*codec.loads(request[1:]))
            text = self._text()
            if self._room and self._too_much():
                return DISK + codec.dumps(None)
            try:
                # The text apart from the value, so that an error tells the place in the value.
                told = codec.dumps(text)
                return (
                    VALUE + LENGTH.pack(len(told)) + told
                    + codec.dumps(value, largest=self._largest)
                )  # fmt: skip
            except codec.CodecError as error:
                return CANNOT + codec.dumps((str(error)[:_TEXT], text[:_TEXT]))
        except OutputLimit:
            pass
        except MemoryError:
            return MEMORY + codec.dumps(None)
        except BaseException as error:
            try:
                text = self._text()
            except OutputLimit:
                pass
            else:
                if not printed.over:
                    return RAISED + codec.dumps(self._told(error, text[-_TEXT:]))
        printed.over = False
        return FULL + codec.dumps(None)

    def _call(self, request: bytes) -> Any:
        function, classes = self._defined[_KEY.unpack_from(request, 1)[0]]
        args, kwargs = codec.loads(request[5:], classes=classes)
        value = function(*args, **kwargs)
        if isinstance(value, GeneratorType):
            return list(value)
        if hasattr(value, "__await__") or isinstance(value, AsyncGeneratorType):
            import asyncio

            value = asyncio.run(_awaited(value))
        return value

    def _define(self, key: int, source: str, name: str, prelude: str, file: str) -> None:
        # So that dataclasses and typing find the module of what is defined here.
        module = type(sys)(MODULE)
        scope = vars(module)
        sys.modules[MODULE] = module
        self._files.add(file)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        if prelude:
            exec(compile(prelude, "<around the code>", "exec"), scope)
        exec(compile(source, file, "exec"), scope)
        if name not in scope or not callable(scope[name]):
            raise NameError(f"the source defines no function {name!r}")
        classes = Classes()
        for value in scope.values():
            if isinstance(value, type) and value.__module__ == MODULE:
                classes[codec_library.class_name(value)] = value
        self._defined[key] = scope[name], classes

    def _too_much(self) -> bool:
        size, files = usage(self._folder)
        return size > self._room[0] or files > self._room[1]

    def _text(self) -> str:
        """Return what was printed, also past Python by libraries, and forget it."""
        text = self._printed.take()
        size = os.fstat(1).st_size
        if size:
            if size > self._limit:
                raise OutputLimit
            text += os.pread(1, size, 0).decode("utf-8", "replace")
            os.ftruncate(1, 0)
        return text

    def _told(self, error: BaseException, printed: str) -> tuple[str, str, str, list[int], str]:
        frames = traceback.extract_tb(error.__traceback__)
        # The frames of this file are not the code's.
        shown = [frame for frame in frames if frame.filename != __file__]
        lines = [f.lineno for f in frames if f.filename in self._files and f.lineno is not None]
        if isinstance(error, SyntaxError) and error.filename in self._files and error.lineno:
            lines.append(error.lineno)
        try:
            text = str(error)
        except Exception:
            text = "(its text cannot be made)"
        told = "Traceback (most recent call last):\n" if shown else ""
        told += "".join(traceback.format_list(shown))
        told += "".join(traceback.format_exception_only(error))
        return type(error).__name__, text[:_TEXT], told[-_TEXT:], lines, printed


async def _awaited(value: Any) -> Any:
    if isinstance(value, AsyncGeneratorType):
        return [item async for item in value]
    return await value


def main(descriptor: int, output: int, folder: str, setup: dict[str, Any]) -> None:
    """Shed rights and answer until the socket closes."""
    kernel.die_with_parent(signal.SIGKILL)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2), (descriptor, 3)):
        os.dup2(source, target, inheritable=False)
    os.closerange(4, 1 << 16)
    kernel.not_dumpable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.chdir(folder)
    os.environ.update(TMPDIR=folder, HOME=folder, MPLCONFIGDIR=folder)
    sys.path.insert(0, folder)
    _limit(setup)
    if setup["landlock"]:
        landlock.restrict(
            [*setup["read"], os.path.dirname(os.path.dirname(__file__))],
            [folder],
            devices=["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"],
            look=["/proc"],
        )
    kernel.load_filter(bpf.task(os.getpid(), sockets=False).assemble())
    _serve(Task(setup))


def _limit(setup: dict[str, Any]) -> None:
    most = setup["data"] + setup["memory"]
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (setup["disk"], setup["disk"]))
    if setup["cpu"]:
        resource.setrlimit(resource.RLIMIT_CPU, (setup["cpu"], setup["cpu"] + 1))


def _serve(task: Task) -> None:
    read, write = os.read, os.write
    poll = select.poll()
    poll.register(3, select.POLLIN)
    while True:
        data = read(3, _BLOCK)
        if not data:
            return
        while len(data) < 4 or len(data) < 4 + LENGTH.unpack_from(data)[0]:
            more = read(3, 1 << 20)
            if not more:
                return
            data += more
        answer = task.answer(data[12:])
        answer = LENGTH.pack(len(answer) + 8) + data[4:12] + answer
        sent = write(3, answer)
        while sent < len(answer):
            sent += write(3, answer[sent:])
