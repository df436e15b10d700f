"""Several vLLM servers as one: least loaded first, same prefix to the same server, failover."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass

from tracegraph.models.errors import ModelError, RequestError
from tracegraph.models.messages import text_of
from tracegraph.models.request import Request
from tracegraph.models.served import Endpoint
from tracegraph.models.vllm.replica import Replica, replicas

# How long what is written down about servers is believed, in seconds.
_FRESH = 1.0
# A server that failed is left alone for the first pause, then twice as long, up to the last.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
# Characters of the prompt that decide which server has it in its prefix cache.
_PREFIX = 1024


@dataclass(slots=True)
class _Load:
    in_flight: int = 0
    failures: int = 0
    away_until: float = 0.0


class Pool:
    """The servers that serve a name; they may come and go.

    A request goes to the server that its prefix hashes to (rendezvous hashing: a server that
    leaves moves only its own prefixes), unless that one has more in flight than its share; then
    to the least loaded.

    Args:
        name: of a model or of a LoRA adapter.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._known: list[Replica] = []
        self._looked = 0.0
        self._loads: dict[str, _Load] = {}

    def capacity(self, wanted: int) -> int:
        """Return the slots of all servers together."""
        with self._lock:
            return max(1, sum(replica.slots for replica in self._servers()))

    async def pick(self, request: Request | None) -> Endpoint:
        """Return the server for a request.

        Raises:
            ModelError: no server of this name is known.
            RequestError: all are away just now.
        """
        with self._lock:
            known = self._servers()
            if not known:
                raise ModelError(
                    f"no server of {self.name} runs; start one with `tracegraph serve "
                    f"{self.name}`, or add one with `tracegraph serve add`"
                )
            now = time.monotonic()
            here = [one for one in known if self._load(one).away_until <= now]
            if not here:
                soonest = min(self._load(one).away_until for one in known)
                raise RequestError(
                    f"all {len(known)} servers of {self.name} are away",
                    retry=True,
                    after=max(0.05, soonest - now),
                )
            chosen = self._choose(here, request)
            self._load(chosen).in_flight += 1
        return Endpoint(chosen.url, chosen.token, self.name, "vllm")

    def done(self, endpoint: Endpoint, error: RequestError | None) -> None:
        """Count a request out; a server that did not answer it is left alone for a while."""
        with self._lock:
            load = self._loads.setdefault(endpoint.url, _Load())
            load.in_flight = max(0, load.in_flight - 1)
            broken = error is not None and (error.status is None or error.status >= 500)
            if not broken:
                load.failures = 0
                return
            load.failures += 1
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (load.failures - 1))
            load.away_until = time.monotonic() + pause
            self._looked = 0.0  # it may have died: look again

    def loads(self) -> dict[str, int]:
        """Return what this pool has in flight at each server."""
        with self._lock:
            return {url: load.in_flight for url, load in self._loads.items()}

    def _servers(self) -> list[Replica]:
        if time.monotonic() - self._looked > _FRESH:
            self._known = replicas(self.name)
            self._looked = time.monotonic()
        return self._known

    def _load(self, replica: Replica) -> _Load:
        return self._loads.setdefault(replica.url, _Load())

    def _choose(self, here: list[Replica], request: Request | None) -> Replica:
        least = min(here, key=lambda one: self._load(one).in_flight / one.slots)
        if request is None or len(here) == 1:
            return least
        prefix = "\0".join(text_of(message) for message in request.messages)[:_PREFIX].encode()
        home = max(here, key=lambda one: hashlib.sha256(one.url.encode() + prefix).digest())
        # One quarter above an even share, and a little for small numbers.
        total = sum(self._load(one).in_flight for one in here)
        share = 1.25 * total / len(here) + 2
        return home if self._load(home).in_flight <= share else least
