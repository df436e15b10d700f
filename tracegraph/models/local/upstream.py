"""The way from the client to the embedded server."""

from __future__ import annotations

import asyncio
import threading

from tracegraph.models.errors import RequestError
from tracegraph.models.local.progress import reporter
from tracegraph.models.local.server import ensure
from tracegraph.models.local.state import ServerState
from tracegraph.models.request import Request
from tracegraph.models.served import Endpoint

# Before the server has told how many slots it has.
_SLOTS = 4


class LocalUpstream:
    """The embedded server of one model file; found, or started, when it is needed.

    Args:
        name: what follows `local:` in the model's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._state: ServerState | None = None

    def capacity(self, wanted: int) -> int:
        """Return the server's slots: more in flight would wait in the server."""
        state = self._state
        return state.slots if state is not None else _SLOTS

    async def pick(self, request: Request | None) -> Endpoint:
        """Return the server, in another thread found or started."""
        state = self._state
        if state is None:
            state = await asyncio.to_thread(self._find)
        return Endpoint(state.url, state.token, state.model, "llama.cpp")

    def _find(self) -> ServerState:
        with self._lock:
            if self._state is None:
                with reporter() as progress:
                    self._state = ensure(self.name, progress)
            return self._state

    def done(self, endpoint: Endpoint, error: RequestError | None) -> None:
        """Look for the server anew after an attempt that it did not answer."""
        if error is None or error.status is not None:
            return
        with self._lock:
            if self._state is not None and self._state.url == endpoint.url:
                self._state = None
