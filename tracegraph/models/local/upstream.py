"""The way from the client to the embedded model."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from pathlib import Path

from tracegraph.models.errors import ModelError, RequestError
from tracegraph.models.local import engine as engines
from tracegraph.models.local.catalog import DEFAULT
from tracegraph.models.local.progress import reporter
from tracegraph.models.local.server import ensure
from tracegraph.models.local.state import ServerState, starting
from tracegraph.models.request import Request
from tracegraph.models.served import Endpoint, Engine
from tracegraph.models.vllm.pool import Pool
from tracegraph.models.vllm.replica import replicas

# Before the server has told how many slots it has.
_SLOTS = 4
# vLLM takes a minute to start: so many calls are worth it at once, fewer, for which it is faster,
# when they have gone on for so many seconds. One that runs already is used at once.
_WORTH_STARTING = 8
_GOING_ON = 45.0
# A vLLM server that was started for many calls ends after so many idle seconds.
_IDLE = 600.0

# For so many seconds after many calls were wanted, few ones go to vLLM as well: the last of a batch
# and the first of the next would be slower elsewhere, and answer a little differently.
_LINGER = 15.0

_log = logging.getLogger("tracegraph.models")


class LocalUpstream:
    """The embedded server of one model file, found or started when it is needed.

    For the embedded model itself, vLLM takes over while so many calls are in flight that it is
    known to be faster here. It is started beside the calls that go on; until it is ready, and
    if it does not start, llama.cpp answers.

    Args:
        name: what follows `local:` in the model's name.
        engine: one engine for all calls; None lets what was measured decide.
    """

    def __init__(self, name: str, engine: Engine | None = None) -> None:
        self.name = name
        own = name not in ("", DEFAULT)
        self._engine: Engine | None = "llama.cpp" if own else engine or engines.setting()
        self._lock = threading.Lock()
        self._state: ServerState | None = None
        self._many = False
        self._many_until = 0.0
        self._many_since = 0.0
        self._vllm: Pool | None = None
        self._starting: threading.Thread | None = None
        self._measured = None if self._engine else engines.remembered()

    def capacity(self, wanted: int) -> int:
        """Return the slots of the engine for so many calls: more would wait in the server."""
        engine = self._engine or engines.chosen(self._measured, wanted)
        now = time.monotonic()
        if engine == "vllm":
            self._many_since = self._many_since or now
            self._many_until = now + _LINGER
        elif now > self._many_until + _GOING_ON:
            self._many_since = 0.0
        self._many = now < self._many_until
        pool = self._pool(wanted) if self._many else None
        if pool is not None:
            return pool.capacity(wanted)
        state = self._state
        return state.slots if state is not None else _SLOTS

    async def pick(self, request: Request | None) -> Endpoint:
        """Return a server; the embedded one is found or started in another thread.

        Raises:
            ModelError: vLLM is set as the engine, and cannot be used here.
        """
        if self._engine == "vllm":
            if not replicas(DEFAULT):
                await asyncio.to_thread(_start_vllm)
            self._vllm = self._vllm or Pool(DEFAULT)
        pool = self._vllm if self._many or self._engine == "vllm" else None
        if pool is not None:
            try:
                return await pool.pick(request)
            except ModelError:
                if self._engine == "vllm":
                    raise
                self._vllm = None  # it is gone: llama.cpp answers
        state = self._state
        if state is None:
            state = await asyncio.to_thread(self._find)
        return Endpoint(state.url, state.token, Path(state.model).stem, "llama.cpp")

    def done(self, endpoint: Endpoint, error: RequestError | None) -> None:
        """Look for the server anew after an attempt that it did not answer."""
        if endpoint.engine == "vllm":
            if self._vllm is not None:
                self._vllm.done(endpoint, error)
            return
        if error is None or error.status is not None:
            return
        with self._lock:
            if self._state is not None and self._state.url == endpoint.url:
                self._state = None

    def _find(self) -> ServerState:
        with self._lock:
            if self._state is None:
                with reporter() as progress:
                    self._state = ensure(self.name, progress)
            return self._state

    def _pool(self, wanted: int) -> Pool | None:
        """Return the pool if vLLM runs; else begin to start it, once."""
        if self._vllm is None and replicas(DEFAULT):
            self._vllm = Pool(DEFAULT)
        long = time.monotonic() - self._many_since > _GOING_ON
        worth_it = self._engine is None and (wanted >= _WORTH_STARTING or long)
        if self._vllm is None and self._starting is None and worth_it:
            self._starting = threading.Thread(target=_try_vllm, name="tracegraph-vllm", daemon=True)
            self._starting.start()
        return self._vllm


def _try_vllm() -> None:
    try:
        _start_vllm()
    except ModelError as error:
        _log.warning("vLLM does not help with many calls, llama.cpp goes on: %s", error)


def _start_vllm() -> None:
    from tracegraph.models.local.trial import start_vllm

    with starting("vllm"):
        if replicas(DEFAULT):
            return
        reason = engines.obstacle()
        if reason is not None:
            raise ModelError(f"vLLM cannot serve the embedded model here: {reason}")
        start_vllm(idle=_IDLE)
