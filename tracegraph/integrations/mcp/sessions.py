"""Open environments: one a session, no more than fit, none that nobody uses."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import jsonschema

from tracegraph.errors import TracegraphError
from tracegraph.integrations.mcp.tools import Shown, Toolbox


class _Session:
    def __init__(self, box: Toolbox) -> None:
        self.box = box
        self.tools = {tool.name: tool for tool in box.tools}
        self.one_at_a_time = asyncio.Lock()
        self.ready = False
        self.used = time.monotonic()


class Sessions:
    """Environments by the name of their session.

    Args:
        make: makes the environment of a session, not yet open.
        most: how many may be open at once.
        idle: seconds after which one that nobody uses is closed.
    """

    def __init__(
        self, make: Callable[[str], Toolbox], *, most: int = 1, idle: float = 1800.0
    ) -> None:
        self._make, self._most, self._idle = make, most, idle
        self._open: dict[str, _Session] = {}

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[Sessions]:
        """Close idle environments meanwhile, and all of them at the end."""
        watch = asyncio.create_task(self._watch())
        try:
            yield self
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            for name in list(self._open):
                await self.close(name)

    def begin(self) -> str:
        """Return the name of a new session. Raises TracegraphError when too many are open."""
        name = secrets.token_hex(8)
        self._add(name)
        return name

    async def call(self, name: str, tool: str, given: Mapping[str, Any]) -> Shown:
        """Call a tool of a session; calls of one session wait for each other.

        What goes wrong is an answer that says so: a model reads it and tries something else.
        """
        try:
            session = self._session(name)
            found = session.tools.get(tool)
            if found is None:
                return Shown(f"there is no tool {tool!r}: {', '.join(session.tools)}", failed=True)
            jsonschema.validate(dict(given), found.schema)
            async with session.one_at_a_time:
                session.used = time.monotonic()
                await self._ready(name, session)
                shown = await found.call(**given)
                session.used = time.monotonic()
                return shown
        except jsonschema.ValidationError as error:
            return Shown(f"{tool}: {error.message}", failed=True)
        except TracegraphError as error:
            return Shown(str(error), failed=True)

    async def close(self, name: str) -> bool:
        """Close the environment of a session; say whether there was one."""
        session = self._open.pop(name, None)
        if session is None:
            return False
        async with session.one_at_a_time:
            await session.box.close()
        return True

    async def _ready(self, name: str, session: _Session) -> None:
        if self._open.get(name) is not session:
            raise TracegraphError("this session was closed while the call waited; open another one")
        if session.ready:
            return
        try:
            await session.box.open()
        except BaseException:
            self._open.pop(name, None)
            # Also when the client no longer waits: nothing that was started is left running.
            await asyncio.shield(session.box.close())
            raise
        session.ready = True

    def _session(self, name: str) -> _Session:
        found = self._open.get(name)
        if found is not None:
            return found
        if name:
            raise TracegraphError(f"there is no open session {name!r}: call open_session for one")
        return self._add(name)

    def _add(self, name: str) -> _Session:
        if len(self._open) >= self._most:
            raise TracegraphError(
                f"{self._most} sessions are open, as many as this server allows: close one with "
                "close_session, or start the server with more --sessions"
            )
        self._open[name] = made = _Session(self._make(name))
        return made

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(self._idle / 4, 30.0))
            late = time.monotonic() - self._idle
            for name, session in list(self._open.items()):
                if session.used < late and not session.one_at_a_time.locked():
                    await self.close(name)
