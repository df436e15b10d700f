"""Pictures of the store by their hash, and whole texts: data only, never a page of their own."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tracegraph.errors import TracegraphError
from tracegraph.runs import Store, get_blob
from tracegraph.viewer.data import store_of
from tracegraph.viewer.episodes.found import one
from tracegraph.viewer.episodes.texts import as_text

# SVG is not among them: it can hold scripts.
_SHOWN = ("image/png", "image/jpeg", "image/webp", "image/gif")
_HASH = re.compile("[0-9a-f]{64}")


def picture(request: Request) -> Response:
    """Return a picture of the store; it is named by its content, so browsers may keep it."""
    name = str(request.path_params["hash"])
    found = get_blob(store_of(request), name) if _HASH.fullmatch(name) else None
    if found is None or found[1] not in _SHOWN:
        raise TracegraphError("the store has no such picture")
    return Response(found[0], media_type=found[1], headers={
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    })  # fmt: skip


def whole_text(request: Request) -> Response:
    """Return one text of an episode, as plain text."""
    row = one(store_of(request), str(request.path_params["episode"]))
    value: Any = row.payload
    for step in request.query_params.get("at", "").split("/"):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise TracegraphError(f"episode {row.id} has nothing at {step!r}") from None
    return PlainTextResponse(as_text(value))


def size_of(store: Store, name: object) -> tuple[int, int] | None:
    """Return the width and height of a PNG of the store; None when it is not there."""
    if not isinstance(name, str) or not _HASH.fullmatch(name):
        return None
    rows = store.fetch("SELECT substr(data, 1, 24), media_type FROM blobs WHERE hash = ?", [name])
    if not rows or rows[0][1] not in _SHOWN:
        return None
    head = bytes(rows[0][0])
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        return (0, 0)
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
