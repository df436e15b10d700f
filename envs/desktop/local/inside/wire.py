"""Messages between a desktop and the program outside: a JSON object and bytes, with lengths.

Both sides use it. The side outside takes what comes in for hostile and bounds it.
"""

from __future__ import annotations

import json
import struct
from typing import Any

HEAD = struct.Struct("<II")
LARGEST_TEXT = 16 << 20
LARGEST_BODY = 300 << 20


def pack(message: dict[str, Any], body: bytes = b"") -> bytes:
    """Return a message as bytes."""
    text = json.dumps(message, separators=(",", ":")).encode()
    return HEAD.pack(len(text), len(body)) + text + body


def sizes(head: bytes) -> tuple[int, int]:
    """Return the lengths of text and body; raises ValueError when they are too large."""
    text, body = HEAD.unpack(head)
    if text > LARGEST_TEXT or body > LARGEST_BODY:
        raise ValueError(f"a message of {text} + {body} bytes is too large")
    return text, body


def unpack(text: bytes) -> dict[str, Any]:
    """Return the JSON object; raises ValueError when it is none."""
    try:
        message = json.loads(text)
    except RecursionError:
        raise ValueError("the message is nested too deeply") from None
    if not isinstance(message, dict):
        raise ValueError("the message is no JSON object")
    return message
