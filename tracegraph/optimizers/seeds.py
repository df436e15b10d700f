"""Seeds for model calls: another one for each purpose, the same ones in every process."""

from __future__ import annotations

import hashlib


def derive(seed: int, *purpose: object) -> int:
    """Return the seed for one purpose of a step: below 2**31, as servers want them."""
    text = "\x00".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1
