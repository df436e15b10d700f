"""What happens, sent to the browser as it happens (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tracegraph.runs import Store, list_events
from tracegraph.viewer.data import changes_of_file, pulse, store_of

_EVERY = 0.4  # seconds between looks
_SILENCE = 15.0  # seconds after which a comment keeps the connection open
_BATCH = 500


async def events(request: Request) -> Response:
    """Stream the events of a run, or of all, and say when anything else has changed.

    Query:
        run: the run's id; all runs without it.
        after: the last event that is known; a browser that connects again names it in the
            header ``Last-Event-ID``.

    Messages: ``happened`` has the id of the store's event and its fields as JSON; ``changed``
    has the new pulse, for evaluations, calls, episodes and states, which make no events.
    """
    run = request.query_params.get("run") or None
    known = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    after = int(known) if known.isdecimal() else 0
    stream = _messages(store_of(request), run, after)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _messages(store: Store, run: str | None, after: int) -> AsyncIterator[str]:
    seen, quiet, file = "", 0.0, (0, 0)
    yield "retry: 1000\n\n"
    while True:
        now = changes_of_file(store)
        if now == file:
            await asyncio.sleep(_EVERY)
            quiet += _EVERY
            if quiet > _SILENCE:
                quiet = 0.0
                yield ": still here\n\n"
            continue
        file, quiet = now, 0.0
        found = await asyncio.to_thread(list_events, store, run=run, after=after, limit=_BATCH)
        for event in found:
            after = event.id
            told = {"id": event.id, "run": event.run, "kind": event.kind,
                    "created": event.created, "payload": event.payload}  # fmt: skip
            yield f"id: {event.id}\nevent: happened\ndata: {json.dumps(told)}\n\n"
        if len(found) == _BATCH:
            file = (0, 0)  # there is more
            continue
        beat = await asyncio.to_thread(pulse, store, run)
        if beat.text != seen:
            seen = beat.text
            yield f"event: changed\ndata: {json.dumps({'pulse': seen})}\n\n"
        await asyncio.sleep(_EVERY)
