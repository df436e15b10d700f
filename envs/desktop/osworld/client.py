"""OSWorldHTTP: a desktop behind a server of OSWorld's protocol, ours or another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import httpx

from tracegraph.envs.desktop import tree as trees
from tracegraph.envs.desktop.actions import Action, CallUser, Done, Fail, FormatError, Type, Wait
from tracegraph.envs.desktop.codecs import pyautogui
from tracegraph.envs.desktop.osworld.connection import SECONDS, as_object, check
from tracegraph.envs.desktop.osworld.endpoints import Endpoints
from tracegraph.envs.desktop.protocol import (
    ActionError,
    DesktopError,
    ExecResult,
    Frame,
)

_PREFIX = "import pyautogui; import time; pyautogui.FAILSAFE = False; "
_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST = 256 << 20
_OFFERED = frozenset({"tree", "exec", "files", "reset", "record", "view"})
_LIMIT = 120.0  # of the protocol, for one command


class OSWorldHTTP(Endpoints):
    """A client. What changes the desktop is sent once and never again, whatever comes back.

    Args:
        url: of the server, as ``http://127.0.0.1:5000``.
        token: for servers that want one (ours).
        pause: seconds to wait after an action; our servers wait for a still screen themselves.
    """

    def __init__(self, url: str, token: str | None = None, *, pause: float = 1.0) -> None:
        super().__init__(url, token)
        self._pause = pause
        self._ours = False
        self._began = time.monotonic()
        self.capabilities: frozenset[str] = frozenset({"tree", "exec", "files"})

    async def start(self) -> None:
        """See that the server answers; raises DesktopError when it does not."""
        await self.look("GET", "/platform")
        self._began = time.monotonic()
        try:
            told = await self._http.get("/tracegraph")
            if told.status_code == 200:
                self._ours = True
                self.capabilities = _OFFERED & frozenset(map(str, told.json()["capabilities"]))
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise DesktopError(f"{self.url} does not answer: {error}") from error

    async def reset(self) -> None:
        """Start a new desktop; only our servers can, others are reset from outside."""
        if not self._ours:
            raise DesktopError(
                f"{self.url} cannot be reset by its protocol; revert its machine, then start()"
            )
        await self.once("/tracegraph/reset", json={}, seconds=120.0)

    async def observe(self, *, tree: bool = False) -> Frame:
        """Return the picture, and the tree when asked."""
        png = (await self.look("GET", "/screenshot")).content
        if not png.startswith(_PNG) or len(png) < 24:
            raise DesktopError(f"{self.url}/screenshot is no PNG")
        width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
        root = None
        if tree:
            told = await self.look("GET", "/accessibility")
            root = trees.from_xml(str(as_object(told).get("AT", "")), width, height)
        return Frame(png, width, height, root, time.monotonic() - self._began)

    async def act(self, action: Action) -> None:
        """Carry out an action as pyautogui source, once."""
        if isinstance(action, Wait):
            await asyncio.sleep(action.seconds)
            return
        if isinstance(action, Done | Fail | CallUser):
            return
        try:
            source = pyautogui.emit(action)
        except FormatError as error:
            raise ActionError(str(error)) from error
        if isinstance(action, Type) and not self._ours:
            source = _typed(action.text)
        result = await self._execute(["python", "-c", _PREFIX + source])
        if result.code != 0:
            raise ActionError(f"{action} failed: {result.stderr.strip()[-300:]}")
        if not self._ours:
            await asyncio.sleep(self._pause)

    async def exec(
        self, argv: Sequence[str], *, seconds: float = 30, background: bool = False
    ) -> ExecResult:
        """Run a program; ``code`` is the one that the server tells, also when it is not 0."""
        if background:
            told = await self.post("/setup/launch", json={"command": list(argv), "shell": False})
            if told.status_code == 200:
                return ExecResult(None)
            return ExecResult(127, "", told.text[-1000:])
        # The server knows only its own deadline.
        return await self._execute(
            ["timeout", "-s", "KILL", f"{min(seconds, _LIMIT):g}", *argv], seconds
        )

    async def put(self, path: str, data: bytes) -> None:
        """Write a file."""
        told = await self.post(
            "/setup/upload", data={"file_path": path}, files={"file_data": ("file", data)}
        )
        check(told)

    async def get(self, path: str) -> bytes:
        """Return a file; raises FileNotFoundError."""
        told = await self.look("POST", "/file", data={"file_path": path})
        if told.status_code == 404:
            raise FileNotFoundError(path)
        if len(told.content) > _LARGEST:
            raise DesktopError(f"{path} has more than {_LARGEST} bytes")
        return check(told).content

    async def view(self, *, control: bool = False) -> tuple[int, str]:
        """Open a VNC server beside the desktop; return its port and password. Only ours can."""
        told = await self.once("/tracegraph/view", json={"control": control})
        return int(told["port"]), str(told["password"])

    async def _execute(self, argv: list[str], seconds: float = _LIMIT) -> ExecResult:
        told = await self.once(
            "/execute", json={"command": argv, "shell": False}, seconds=seconds + SECONDS
        )
        code = told.get("returncode")
        if not isinstance(code, int):
            raise DesktopError(f"{self.url}/execute does not tell how the command ended")
        out, err = str(told.get("output", "")), str(told.get("error", ""))
        # Ended by the deadline that we put before the program.
        return ExecResult(124 if code in (-9, 137) else code, out, err)


def _typed(text: str) -> str:
    """Return source that types a text where pyautogui itself runs; raises ActionError."""
    strange = sorted({one for one in text if not one.isascii()})
    if strange:
        raise ActionError(f"this server types through pyautogui, which drops {strange[:5]}")
    parts = [f"pyautogui.write({part!r})" if part else "" for part in text.split("<")]
    # pyautogui types ">" for "<".
    return "; pyautogui.hotkey('shift', ','); ".join(part or "pass" for part in parts)
