"""An OTLP/HTTP endpoint: a running service exports to it, and its traces become episodes.

It follows the OTLP specification for traces and for events among logs: protobuf and JSON, gzip,
and answers that tell exporters whether to send again.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from tracegraph import runs
from tracegraph.errors import MissingExtraError, TracegraphError
from tracegraph.integrations.otel.imported import episodes_of
from tracegraph.integrations.otel.logs import events_from_otlp
from tracegraph.integrations.otel.protobuf import json_of
from tracegraph.integrations.otel.span import Span, SpanError, from_otlp
from tracegraph.integrations.otel.traces import Traces

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from tracegraph.agents import Episode

_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_LARGEST = 64_000_000  # bytes of a request, also of what is inside a compressed one
_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
_LOOK = 0.5  # seconds between looks at what has become whole


class Receiver:
    """Keeps the episodes of incoming spans in a run of the store.

    Args:
        store: the open store.
        run: the id of the run that gets the episodes.
        traces: where spans wait for the rest of their trace.
        tell: is given each episode with its key.
    """

    def __init__(
        self,
        store: runs.Store,
        run: str,
        traces: Traces | None = None,
        tell: Callable[[str, Episode], None] | None = None,
    ) -> None:
        self.store, self.run = store, run
        self.traces = traces or Traces()
        self.tell = tell or (lambda key, episode: None)
        self.spans = 0
        self.episodes = 0
        self.without = 0  # traces in which no model was asked
        self.faults: list[str] = []  # traces that could not be read

    def take(self, request: Any, signal: Literal["traces", "logs"]) -> None:
        """Take in a request in OTLP's JSON form.

        Raises:
            SpanError: it is none.
        """
        now = time.monotonic()
        if signal == "logs":
            self.traces.add(events=events_from_otlp(request), now=now)
            return
        spans = from_otlp(request)
        self.spans += len(spans)
        self.traces.add(spans, now=now)

    async def watch(self) -> None:
        """Keep what becomes whole, until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK)
            for spans in self.traces.whole(time.monotonic()):
                await asyncio.to_thread(self._keep, spans)

    def finish(self) -> None:
        """Keep all that is there; called when no more comes in."""
        for spans in self.traces.rest():
            self._keep(spans)

    def _keep(self, spans: list[Span]) -> None:
        try:
            found = episodes_of(spans)
        except Exception as error:  # what a service sends must not end the others' reception
            self.faults.append(f"{type(error).__name__}: {error}")
            return
        self.without += not found
        for key, episode in found:
            if runs.add_episode(self.store, episode.to_stored(self.run, key)).result():
                self.episodes += 1
                self.tell(key, episode)


def receiver_app(receiver: Receiver, *, token: str = "") -> Starlette:
    """Return the ASGI application with ``/v1/traces`` and ``/v1/logs``.

    Requests must name a loopback address, which keeps pages in a browser out.

    Args:
        receiver: gets what comes in.
        token: what requests must carry, as ``Authorization: Bearer …``; empty for none.

    Raises:
        MissingExtraError: starlette is not installed.
    """
    try:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.trustedhost import TrustedHostMiddleware
        from starlette.routing import Route
    except ImportError as error:
        raise MissingExtraError("otel", "starlette") from error

    async def take_traces(request: Request) -> Response:
        return await _answer(receiver, request, "traces", token)

    async def take_logs(request: Request) -> Response:
        return await _answer(receiver, request, "logs", token)

    return Starlette(
        routes=[
            Route("/v1/traces", take_traces, methods=["POST"]),
            Route("/v1/logs", take_logs, methods=["POST"]),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS)],
    )


async def _answer(
    receiver: Receiver, request: Request, signal: Literal["traces", "logs"], token: str
) -> Response:
    from starlette.responses import Response

    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if token and not hmac.compare_digest(
        request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()
    ):
        return _refusal(401, "a bearer token is needed", kind)
    if kind not in (_JSON, _PROTOBUF):
        return _refusal(415, f"send {_PROTOBUF} or {_JSON}", kind)
    body = await _body(request)
    if body is None:
        return _refusal(413, f"a request has at most {_LARGEST:,} bytes", kind)
    try:
        data = _unpacked(body, request.headers.get("content-encoding", ""))
        receiver.take(json_of(data, signal) if kind == _PROTOBUF else json.loads(data), signal)
    except MissingExtraError as error:
        return _refusal(501, f"{error}; or send {_JSON}", kind)
    except (TracegraphError, ValueError, RecursionError) as error:
        return _refusal(400, str(error), kind)
    return Response(b"" if kind == _PROTOBUF else b"{}", media_type=kind)


async def _body(request: Request) -> bytes | None:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise SpanError(f"the encoding {encoding!r} is not known: send gzip, or none")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        data = unpacking.decompress(body, _LARGEST)
    except zlib.error as error:
        raise SpanError(f"this is no gzip: {error}") from error
    if unpacking.unconsumed_tail:
        raise SpanError(f"a request has at most {_LARGEST:,} bytes")
    return data


def _refusal(status: int, message: str, kind: str) -> Response:
    """Return a refusal with google.rpc.Status in the form of the request."""
    from starlette.responses import Response

    text = message[:500].encode()
    if kind != _PROTOBUF:
        return Response(json.dumps({"code": 3, "message": text.decode()}), status, media_type=_JSON)
    length = len(text)
    size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
    return Response(b"\x08\x03\x12" + size + text, status, media_type=_PROTOBUF)
