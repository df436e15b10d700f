"""Files that tasks bring along: inside the task itself, as data URLs."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from tracegraph.envs.desktop.tasks.schema import TaskError


def data_url(data: bytes, kind: str = "application/octet-stream") -> str:
    """Return a URL that holds the data."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def fetch(url: str) -> bytes:
    """Return what a data URL holds; nothing is ever asked of the network.

    Raises:
        TaskError: it is another URL, or holds no data.
    """
    head, comma, body = url.partition(",")
    if not head.startswith("data:") or not comma:
        raise TaskError(f"{url[:80]} needs the network; tasks here hold their files as data URLs")
    try:
        if head.endswith(";base64"):
            return base64.b64decode(body, validate=True)
        return unquote_to_bytes(body)
    except binascii.Error as error:
        raise TaskError(f"the data URL {url[:60]}… is broken: {error}") from error
