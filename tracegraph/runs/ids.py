"""Identifiers that sort by the time of their creation."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def new_id() -> str:
    """Return a fresh 26-character id: 48 bits of milliseconds, then 82 random bits.

    Ids made in different milliseconds sort by time, also across processes, and are known
    before the row is written, so that a child can name its parent at once.
    """
    number = (time.time_ns() // 1_000_000) << 82 | secrets.randbits(82)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
