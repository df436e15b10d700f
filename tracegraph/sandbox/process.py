"""A program that runs in a sandbox: its streams, its workspace, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracegraph.sandbox import files as transfer
from tracegraph.sandbox.result import Result, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.sandbox.keeper import Keeper
    from tracegraph.sandbox.network import Relay
    from tracegraph.sandbox.policy import Limits
    from tracegraph.sandbox.result import Status


class Place:
    """A workspace: an open folder that the keeper made, with the workspace, home and tmp in it.

    It is counted: the last process that uses it takes it away.
    """

    def __init__(self, keeper: Keeper, number: int, descriptor: int) -> None:
        self._keeper = keeper
        self.number = number
        self.descriptor = descriptor
        self.marks: dict[str, transfer.Mark] = {}
        self.users = 1

    def path(self, name: str) -> Path:
        """Return a path to one of its folders that this machine's processes of our user can use."""
        return Path(f"/proc/{os.getpid()}/fd/{self.descriptor}/{name}")

    def put(self, files: Mapping[str, bytes | str | os.PathLike[str]], uid: int | None) -> None:
        """Write files into the workspace."""
        with self._open() as folder:
            self.marks |= transfer.put(folder, files, uid)

    def collect(
        self, patterns: Sequence[str], limits: Limits
    ) -> tuple[dict[str, bytes], dict[str, str]]:
        """Return what is new or changed in the workspace, and what is refused."""
        with self._open() as folder:
            return transfer.collect(
                folder,
                self.marks,
                patterns,
                most=limits.artifact,
                total=limits.disk,
                files=limits.files,
            )

    def owner(self) -> int | None:
        """Return the uid that owns the workspace, or None when it is ours."""
        with self._open() as folder:
            uid = os.fstat(folder).st_uid
        return None if uid == os.getuid() else uid

    def drop(self) -> None:
        """Give it up; when nobody uses it any more it is removed."""
        self.users -= 1
        if self.users == 0:
            os.close(self.descriptor)
            with contextlib.suppress(Exception):
                self._keeper.ask("drop", place=self.number)

    @contextlib.contextmanager
    def _open(self) -> Any:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open("workspace", flags, dir_fd=self.descriptor)
        try:
            yield folder
        finally:
            os.close(folder)


class Process:
    """A running program, as Sandbox.start() gives it.

    Attributes:
        stdin: write to it and ``await stdin.drain()``; ``stdin.close()`` ends it.
        stdout: read from it; what is not read makes the program wait.
        stderr: likewise.
    """

    def __init__(
        self,
        keeper: Keeper,
        job: int,
        place: Place,
        folders: dict[str, str],
        ended: asyncio.Future[dict[str, Any]],
        streams: tuple[asyncio.StreamWriter, asyncio.StreamReader, asyncio.StreamReader],
        relay: Relay | None,
        limits: Limits,
    ) -> None:
        self._keeper = keeper
        self._job = job
        self._place = place
        self._folders = folders
        self._ended = ended
        self._relay = relay
        self._limits = limits
        self.stdin, self.stdout, self.stderr = streams
        self._closed = False

    @property
    def workspace(self) -> Path:
        """The workspace as the host sees it, also for sockets (the path is short)."""
        return self._place.path("workspace")

    @property
    def tmp(self) -> Path:
        """The program's /tmp as the host sees it."""
        return self._place.path("tmp")

    @property
    def home(self) -> Path:
        """The program's home as the host sees it."""
        return self._place.path("home")

    @property
    def inside(self) -> str:
        """The workspace as the program sees it; also its working directory."""
        return self._folders["workspace"]

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ended.done()

    def put(self, files: Mapping[str, bytes | str | os.PathLike[str]]) -> None:
        """Write files into the workspace; what is there under a name is replaced."""
        self._place.put(files, self._place.owner())

    async def usage(self) -> Usage:
        """Return what it has used until now."""
        if self._ended.done():
            return usage_of(self._ended.result()["usage"])
        reply = await asyncio.wrap_future(self._keeper.ask("usage", job=self._job))
        told = reply[0]
        return usage_of(told) if "cpu" in told else await self.usage()

    async def interrupt(self) -> None:
        """Send it SIGINT, as Ctrl-C would."""
        await self.send_signal(signal.SIGINT)

    async def send_signal(self, number: int) -> None:
        """Send the program a signal; nothing happens when it has ended."""
        await asyncio.wrap_future(self._keeper.ask("signal", job=self._job, number=int(number)))

    async def kill(self) -> None:
        """End it and everything that it started, and wait until all is gone."""
        if self.running:
            self._keeper.ask("kill", job=self._job, reason="killed")
        await asyncio.wait([self._ended])

    async def wait(self) -> Result:
        """Wait until it ends; return the outcome, without output and artifacts."""
        await asyncio.wait([self._ended])
        outcome = self._ended.result()
        status, detail = judge(outcome, "")
        return Result(status, outcome["code"], detail=detail, usage=usage_of(outcome["usage"]))

    async def collect(
        self, patterns: Sequence[str] = ("*",)
    ) -> tuple[dict[str, bytes], dict[str, str]]:
        """Return the files that are new or changed in the workspace, and the refused ones."""
        return await asyncio.to_thread(self._place.collect, patterns, self._limits)

    async def close(self) -> None:
        """End it, and remove its workspace unless another process shares it."""
        if self._closed:
            return
        self._closed = True
        try:
            await self.kill()
        finally:
            if self._relay is not None:
                await self._relay.close()
            self.stdin.close()
            for reader in (self.stdout, self.stderr):
                # The transport keeps the descriptor; a StreamReader has no close of its own.
                reader._transport.close()  # type: ignore[attr-defined]
            self._place.drop()

    async def __aenter__(self) -> Process:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def usage_of(told: dict[str, Any]) -> Usage:
    """Return the keeper's figures as a Usage."""
    return Usage(told["seconds"], told["cpu"], told["memory"], told["processes"])


def judge(outcome: dict[str, Any], stderr: str) -> tuple[Status, str]:
    """Return the status that an outcome stands for, and a sentence about it."""
    code, reason = outcome["code"], outcome["reason"]
    if reason:
        return reason, outcome["detail"]
    if code == 0:
        return "ok", ""
    if code == -signal.SIGXCPU:
        return "timeout", "its time of CPU was used up"
    if code == -signal.SIGXFSZ:
        return "disk", "a file grew over the limit"
    if outcome["full"]:
        return "disk", outcome["full"]
    if code < 0:
        return "killed", f"it was ended by {signal.Signals(-code).name}"
    last = stderr.rstrip().rpartition("\n")[2]
    if "MemoryError" in last.partition(":")[0]:
        return "memory", "it asked for more memory than its limit"
    return "error", ""
