"""LocalXvfb: a desktop on this machine, in the sandbox, ready in half a second."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tracegraph.envs.desktop.actions import (
    Action,
    CallUser,
    Done,
    Drag,
    Fail,
    Type,
    Wait,
    to_record,
)
from tracegraph.envs.desktop.local import homes
from tracegraph.envs.desktop.local.session import INSIDE, LIBRARIES, Session
from tracegraph.envs.desktop.protocol import (
    ActionError,
    DesktopError,
    ExecResult,
    Frame,
    Window,
)
from tracegraph.envs.desktop.tree import from_json
from tracegraph.errors import MissingExtraError
from tracegraph.sandbox import Policy, Sandbox, SandboxError

_PROGRAMS = {
    "Xvfb": "xvfb", "dbus-daemon": "dbus", "openbox": "openbox", "xkbcomp": "x11-xkb-utils",
}  # fmt: skip
# What desktop programs need of this machine besides what every sandbox shows.
_SHOWN = ("/var/cache/fontconfig", "/etc/libreoffice", "/etc/chromium", "/etc/chromium.d")
_ANSWER_SECONDS = 60.0
_SETTLE_SECONDS = 2.5
_TREE = {"seconds": 2.0, "nodes": 1500, "text": 400}
_A_KEY_SECONDS = 0.02


class LocalXvfb:
    """A desktop of its own: Xvfb, a message bus, openbox, and what is started in it.

    It has no network, its files are gone with it, and nothing in it reaches this machine.

    Args:
        width: of the screen, in pixels.
        height: the same.
        home: a folder or a tar whose files are in the home at the start, above the ones that
            keep first-run dialogs away.
        settle: seconds at most that an action waits for a still screen.
        policy: of the sandbox; None for the profile ``desktop``.
    """

    capabilities = frozenset({"tree", "exec", "files", "reset", "windows", "record", "view"})

    def __init__(
        self,
        width: int = 1280,
        height: int = 720,
        *,
        home: Path | bytes | None = None,
        settle: float = _SETTLE_SECONDS,
        policy: Policy | None = None,
    ) -> None:
        self.width, self.height = width, height
        self._home = home
        self._settle = settle
        self._policy = policy
        self._sandbox: Sandbox | None = None
        self._session: Session | None = None

    async def start(self) -> None:
        """Start it; when this returns it can be used.

        Raises MissingExtraError or DesktopError with what to install.
        """
        _check_installed()
        sandbox = Sandbox(_policy(self._policy))
        try:
            await asyncio.to_thread(sandbox.open)
        except SandboxError as error:
            raise DesktopError(f"a desktop needs the sandbox: {error}") from error
        self._sandbox = sandbox
        try:
            self._session = await self._new()
        except BaseException:
            await self.close()
            raise

    async def reset(self) -> None:
        """Throw the desktop away and start a new one."""
        if self._sandbox is None:
            await self.start()
            return
        session, self._session = self._session, None
        if session is None:
            self._session = await self._new()
            return
        # Both at once: the old one is being taken away while the new one starts.
        ending = asyncio.create_task(session.close())
        try:
            self._session = await self._new()
        finally:
            await ending

    async def observe(self, *, tree: bool = False) -> Frame:
        """Return the screen with the pointer in it, and the accessibility tree when asked."""
        told, png = await self._open().ask({"op": "observe"}, seconds=_ANSWER_SECONDS)
        root = None
        if tree:
            _, text = await self._open().ask(
                {"op": "tree", "budget": _TREE}, seconds=_ANSWER_SECONDS
            )
            root = from_json(text, self.width, self.height)
        return Frame(png, self.width, self.height, root, float(told["time"]))

    async def act(self, action: Action) -> None:
        """Carry out an action and wait until the screen is still."""
        if isinstance(action, Wait):
            await asyncio.sleep(action.seconds)
            return
        if isinstance(action, Done | Fail | CallUser):
            return
        record = to_record(action)
        self._check(action, record)
        seconds = _ANSWER_SECONDS
        if isinstance(action, Type):
            seconds += _A_KEY_SECONDS * len(action.text)
        await self._open().ask(
            {"op": "act", "do": record, "longest": self._settle}, seconds=seconds
        )

    async def exec(
        self, argv: Sequence[str], *, seconds: float = 30, background: bool = False
    ) -> ExecResult:
        """Run a program inside, from the home; in the background it is left running."""
        told, _ = await self._open().ask(
            {"op": "exec", "argv": list(argv), "seconds": seconds, "background": background},
            seconds=seconds + _ANSWER_SECONDS,
        )
        return ExecResult(told["code"], told["stdout"], told["stderr"])

    async def put(self, path: str, data: bytes) -> None:
        """Write a file."""
        await self._open().ask(
            {"op": "put", "path": _absolute(path)}, data, seconds=_ANSWER_SECONDS
        )

    async def get(self, path: str) -> bytes:
        """Return a file's content."""
        _, data = await self._open().ask(
            {"op": "get", "path": _absolute(path)}, seconds=_ANSWER_SECONDS
        )
        return data

    async def windows(self) -> list[Window]:
        """Return the windows, the lowest first."""
        return (await self._windows({"what": "list"}))[0]

    async def pointer(self) -> tuple[int, int]:
        """Return where the pointer is."""
        return (await self._windows({"what": "list"}))[1]

    async def activate(self, window: Window) -> None:
        """Raise a window and give it the keyboard."""
        await self._windows({"what": "activate", "window": window.id})

    async def close_window(self, window: Window) -> None:
        """Ask a window to close, as its close button does."""
        await self._windows({"what": "close", "window": window.id})

    async def connect(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a unix socket directly in /tmp; raises OSError when there is none."""
        folder, _, name = path.rpartition("/")
        if folder != "/tmp" or not name:
            raise DesktopError(f"{path!r} is not directly in /tmp")
        return await self._open().connect(name)

    async def settle(self, seconds: float = _SETTLE_SECONDS) -> bool:
        """Wait until the screen is still, at most so long; whether it is."""
        told, _ = await self._open().ask(
            {"op": "settle", "longest": seconds}, seconds=seconds + _ANSWER_SECONDS
        )
        return bool(told["still"])

    async def close(self) -> None:
        """End everything; its files are gone."""
        session, self._session = self._session, None
        sandbox, self._sandbox = self._sandbox, None
        try:
            if session is not None:
                await session.close()
        finally:
            if sandbox is not None:
                await sandbox.close()

    async def __aenter__(self) -> LocalXvfb:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _new(self) -> Session:
        assert self._sandbox is not None
        archive = await asyncio.to_thread(homes.archive, self._home)
        return await Session.start(
            self._sandbox, width=self.width, height=self.height, home=archive
        )

    async def _windows(self, ask: Mapping[str, object]) -> tuple[list[Window], tuple[int, int]]:
        told, _ = await self._open().ask({"op": "window", **ask}, seconds=_ANSWER_SECONDS)
        x, y = told["pointer"]
        return [Window(**one) for one in told["windows"]], (int(x), int(y))

    def _open(self) -> Session:
        if self._session is None:
            raise DesktopError("the desktop is not started; call start() or reset()")
        return self._session

    def _check(self, action: Action, record: Mapping[str, object]) -> None:
        points = [("x", "y")] if not isinstance(action, Drag) else [("x1", "y1"), ("x2", "y2")]
        for x, y in points:
            if x not in record:
                continue
            at = (record[x], record[y])
            if not (0 <= at[0] < self.width and 0 <= at[1] < self.height):  # type: ignore[operator]
                raise ActionError(
                    f"the point {at} is off the screen, which has {self.width} x {self.height}"
                )


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise DesktopError(f"{path!r} is not an absolute path, as /home/user/notes.txt")
    return path


def _policy(policy: Policy | None) -> Policy:
    policy = policy or Policy.load("desktop")
    shown = [Path(one) for one in _SHOWN if os.path.isdir(one)]
    # Without namespaces there are no sockets, which everything here talks through.
    return policy.model_copy(
        update={"read_only": (*policy.read_only, INSIDE, *shown), "layer": "bubblewrap"}
    )


def _check_installed() -> None:
    for module in LIBRARIES:
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError("desktop", module)
    missing = [package for name, package in _PROGRAMS.items() if shutil.which(name) is None]
    if missing:
        raise DesktopError(f"a desktop needs programs: apt-get install {' '.join(missing)}")
