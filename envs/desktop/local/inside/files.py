"""Files in and out, with the rights of the desktop's user."""

from __future__ import annotations

import os
import stat
from typing import Any

_LARGEST = 256 << 20


def put(ask: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Write a file, with the folders on the way."""
    path = ask["path"]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    if ask.get("executable"):
        os.chmod(path, 0o755)
    return {}, b""


def get(ask: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
    """Return a regular file; FileNotFoundError when there is none."""
    # A pipe would make us wait for ever.
    descriptor = os.open(ask["path"], os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise ValueError(f"{ask['path']} is no regular file")
        if info.st_size > _LARGEST:
            raise ValueError(f"{ask['path']} has {info.st_size} bytes; at most {_LARGEST} are read")
        return {}, file.read(_LARGEST)
