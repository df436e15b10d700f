"""Where tracegraph keeps a user's files: large ones that can be fetched again, and state."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """Return $TRACEGRAPH_CACHE, else `tracegraph` in the user's cache folder."""
    return _folder("TRACEGRAPH_CACHE", "XDG_CACHE_HOME", ".cache")


def state_dir() -> Path:
    """Return $TRACEGRAPH_STATE, else `tracegraph` in the user's state folder.

    It holds what servers say about themselves, their logs, and what was measured here.
    """
    return _folder("TRACEGRAPH_STATE", "XDG_STATE_HOME", ".local/state")


def private_dir(path: Path) -> Path:
    """Make a folder that only its owner can look into, and return it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def _folder(own: str, standard: str, otherwise: str) -> Path:
    if named := os.environ.get(own):
        return Path(named).expanduser().absolute()
    base = os.environ.get(standard)
    return (Path(base) if base else Path.home() / otherwise) / "tracegraph"
