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
_HEAD = 4096  # bytes in which a picture tells its size


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
    """Return the width and height of a picture of the store; None when it is not there.

    (0, 0) for one of another form than PNG and JPEG.
    """
    if not isinstance(name, str) or not _HASH.fullmatch(name):
        return None
    rows = store.fetch("SELECT substr(data, 1, ?), media_type FROM blobs WHERE hash = ?",
                       [_HEAD, name])  # fmt: skip
    if not rows or rows[0][1] not in _SHOWN:
        return None
    head = bytes(rows[0][0])
    if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
        return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    return _jpeg_size(head) if head[:2] == b"\xff\xd8" else (0, 0)


def _jpeg_size(head: bytes) -> tuple[int, int]:
    """Read the frame header (ITU T.81, B.2.2): marker, length, precision, height, width."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return (0, 0)
