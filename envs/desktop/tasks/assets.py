"""Files that tasks bring along: inside the task as data URLs, or in a folder of this machine."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from tracegraph.envs.desktop.tasks.schema import TaskError

SETTING = "TRACEGRAPH_OSWORLD_FILES"


def data_url(data: bytes, kind: str = "application/octet-stream") -> str:
    """Return a URL that holds the data."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def reachable(url: str) -> bool:
    """Return whether `fetch` has what a URL stands for."""
    return url.startswith("data:") or _copy(url) is not None


def fetch(url: str) -> bytes:
    """Return what a data URL holds, or a copy of a file; nothing is ever asked of the network.

    Copies are in the folder $TRACEGRAPH_OSWORLD_FILES, a checkout of the data set that OSWorld's
    tasks take their files from: the part of the URL after ``resolve/main/`` is the path in it.

    Raises:
        TaskError: there is no copy, or the data URL holds no data.
    """
    if (copy := _copy(url)) is not None:
        return copy.read_bytes()
    head, comma, body = url.partition(",")
    if not head.startswith("data:") or not comma:
        raise TaskError(
            f"{url[:80]} needs the network; tasks here hold their files as data URLs, or {SETTING} "
            "names a folder with a copy of OSWorld's files"
        )
    try:
        if head.endswith(";base64"):
            return base64.b64decode(body, validate=True)
        return unquote_to_bytes(body)
    except binascii.Error as error:
        raise TaskError(f"the data URL {url[:60]}… is broken: {error}") from error


def _copy(url: str) -> Path | None:
    folder = os.environ.get(SETTING)
    if not folder or not url.startswith(("http://", "https://")):
        return None
    root = Path(folder).expanduser().resolve()
    path = root.joinpath(unquote(url.partition("?")[0].rpartition("/resolve/main/")[2]).lstrip("/"))
    found = path.resolve()
    return found if found.is_relative_to(root) and found.is_file() else None
