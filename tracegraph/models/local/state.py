"""What a running server says about itself, in a file that its user alone can read."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracegraph.models.paths import private_dir, state_dir
from tracegraph.runs import process_alive


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server's process, address, token and size."""

    model: str
    engine: str
    pid: int
    start: str
    url: str
    token: str
    threads: int
    slots: int
    context: int

    @property
    def alive(self) -> bool:
        """Whether the process that wrote this still lives."""
        return process_alive(self.pid, self.start)


def servers_dir() -> Path:
    """Return the folder of server states and logs."""
    return private_dir(state_dir() / "servers")


def key_of(path: Path) -> str:
    """Return the name under which the server of a model file is written down."""
    return f"{path.stem[:40]}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def state_path(key: str) -> Path:
    """Return the file of a server's state."""
    return servers_dir() / f"{key}.json"


def log_path(key: str) -> Path:
    """Return the file of a server's log."""
    return servers_dir() / f"{key}.log"


def read_state(key: str) -> ServerState | None:
    """Return what was written under a key, or None."""
    try:
        return ServerState(**json.loads(state_path(key).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_state(key: str, state: ServerState) -> None:
    """Write a state in one step; only the user can read the token in it."""
    path = state_path(key)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as opened:
        json.dump(dataclasses.asdict(state), opened)
    partial.replace(path)


def clear_state(key: str, pid: int) -> None:
    """Remove the state if it is still this process's."""
    state = read_state(key)
    if state is not None and state.pid == pid:
        state_path(key).unlink(missing_ok=True)


def all_states() -> dict[str, ServerState]:
    """Return the states of all servers that live."""
    found = {path.stem: read_state(path.stem) for path in servers_dir().glob("*.json")}
    return {key: state for key, state in found.items() if state is not None and state.alive}


@contextmanager
def starting(key: str) -> Iterator[None]:
    """Hold the right to start the server of a key; the system frees it when its holder dies."""
    with (servers_dir() / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
