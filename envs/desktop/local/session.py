"""Our end of a desktop in the sandbox: requests, answers, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph.envs.desktop.local.inside import wire
from tracegraph.envs.desktop.protocol import ActionError, DesktopError
from tracegraph.sandbox import SandboxError

if TYPE_CHECKING:
    from tracegraph.sandbox import Process, Sandbox

INSIDE = Path(__file__).parent / "inside"
# Without `site`, whose hooks take as long to load as everything else.
_RUN = "import sys; sys.path[:0] = {!r}; from inside import boot; boot.main()"
LIBRARIES = ("mss", "PIL", "Xlib", "six")
_START_SECONDS = 60.0
_TAIL = 4000

Answer = tuple[dict[str, Any], bytes]


class Session:
    """A running desktop. One goes with one process in the sandbox; it is never used again."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Answer]] = {}
        self._said = b""
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._listen())]

    @classmethod
    async def start(cls, sandbox: Sandbox, *, width: int, height: int, home: bytes) -> Session:
        """Start a desktop and wait until it can be used; ``home`` is a tar of its home."""
        python = sys.executable
        try:
            process = await sandbox.start(
                [python, "-I", "-S", "-c", _RUN.format(_folders()), str(width), str(height)]
            )
        except SandboxError as error:
            raise DesktopError(f"the desktop cannot be started: {error}") from error
        session = cls(process)
        try:
            await session.ask({"op": "start"}, home, seconds=_START_SECONDS)
        except BaseException:
            await session.close()
            raise
        return session

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.running and not self._tasks[0].done()

    async def ask(self, message: dict[str, Any], body: bytes = b"", *, seconds: float) -> Answer:
        """Send a request and return its answer; raises DesktopError when none comes in time."""
        if not self.running:
            raise self._gone()
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            async with asyncio.timeout(seconds):
                self._process.stdin.write(wire.pack({**message, "id": number}, body))
                await self._process.stdin.drain()
                told, data = await answer
        except TimeoutError:
            raise DesktopError(
                f"the desktop did not answer {message['op']!r} in {seconds:g} s; reset it"
            ) from None
        except (ConnectionError, BrokenPipeError):
            raise self._gone() from None
        finally:
            self._asked.pop(number, None)
        _check(told, message)
        return told, data

    async def connect(self, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a socket in the desktop's /tmp; raises OSError when it is none.

        Nothing is followed on the way: a link there could lead to a socket of this machine.
        """
        flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open(self._process.tmp, flags)
        try:
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        try:
            if not stat.S_ISSOCK(os.fstat(found).st_mode):
                raise OSError(f"{name} is no socket")
            return await asyncio.open_unix_connection(f"/proc/self/fd/{found}")
        finally:
            os.close(found)

    async def close(self) -> None:
        """End it with everything in it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail()
        with contextlib.suppress(SandboxError):
            await self._process.close()

    async def _read(self) -> None:
        stream = self._process.stdout
        # What is in the desktop may be hostile: a bad message ends the conversation.
        with contextlib.suppress(asyncio.IncompleteReadError, ValueError, KeyError, OSError):
            while True:
                text, body = wire.sizes(await stream.readexactly(wire.HEAD.size))
                told = wire.unpack(await stream.readexactly(text))
                data = await stream.readexactly(body)
                answer = self._asked.get(told["id"])
                if answer is not None and not answer.done():
                    answer.set_result((told, data))
        self._fail()

    async def _listen(self) -> None:
        while block := await self._process.stderr.read(1 << 14):
            self._said = (self._said + block)[-_TAIL:]

    def _fail(self) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(self._gone())

    def _gone(self) -> DesktopError:
        said = self._said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return DesktopError(f"the desktop has ended; reset it. It said last: {said or 'nothing'}")


def _folders() -> list[str]:
    """Return where the process inside finds its modules and the libraries that it needs."""
    found = [importlib.util.find_spec(name) for name in LIBRARIES]
    origins = [Path(one.origin) for one in found if one is not None and one.origin]
    places = {
        str(one.parent.parent if one.name == "__init__.py" else one.parent) for one in origins
    }
    return [str(INSIDE.parent), *sorted(places)]


def _check(told: dict[str, Any], message: dict[str, Any]) -> None:
    error = told.get("error")
    if error is None:
        return
    text = str(told.get("message", ""))
    if error == "FileNotFoundError" and message["op"] == "get":
        raise FileNotFoundError(message["path"])
    if error == "ValueError" and message["op"] == "act":
        raise ActionError(text)
    raise DesktopError(f"{message['op']}: {text}")
