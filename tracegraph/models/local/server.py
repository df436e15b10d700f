"""Finding the embedded server, or starting it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tracegraph.errors import MissingExtraError
from tracegraph.models.errors import ServerError
from tracegraph.models.local.fetch import Progress, silent
from tracegraph.models.local.files import pull
from tracegraph.models.local.state import (
    ServerState,
    clear_state,
    key_of,
    log_path,
    read_state,
    starting,
    state_path,
)
from tracegraph.runs import process_alive, process_start

# Seconds: until a model of this size is loaded from a slow disk; until a server that is busy
# answers a health check; without work until it ends.
_LOADING = 180.0
_HEALTH = 20.0
_IDLE = 900.0


def ensure(name: str = "", progress: Progress = silent) -> ServerState:
    """Return a healthy server of a model, started (and its file fetched) if there is none.

    Processes of the same user share one server a model file. It outlives the process that
    started it and ends by itself when it has been idle for $TRACEGRAPH_LOCAL_IDLE seconds.

    Raises:
        MissingExtraError: the server's library is not installed.
        ServerError: the server does not come up; the message ends with its log.
    """
    path = pull(name, progress)
    key = key_of(path)
    state = read_state(key)
    if state is not None and state.alive and healthy(state):
        return state
    with starting(key):
        state = read_state(key)
        if state is not None and state.alive:
            if healthy(state, patience=_HEALTH):
                return state
            stop(key)  # it lives and does not answer
        state_path(key).unlink(missing_ok=True)
        return _start(key, path)


def healthy(state: ServerState, patience: float = 2.0) -> bool:
    """Whether a server answers within `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(f"{state.url}/health", timeout=2) as response:
                if response.status == 200:
                    return True
        except (OSError, urllib.error.URLError):
            pass
        if time.monotonic() > deadline or not state.alive:
            return False
        time.sleep(0.1)


def stop(key: str, patience: float = 10.0) -> bool:
    """End the server of a key, at first politely; whether there was one."""
    state = read_state(key)
    if state is None or not state.alive:
        state_path(key).unlink(missing_ok=True)
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(state.pid, number)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + patience
        while process_alive(state.pid, state.start) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not process_alive(state.pid, state.start):
            break
    clear_state(key, state.pid)
    return True


def _start(key: str, path: Path) -> ServerState:
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingExtraError(
            "local", "xllamacpp", "name another model, as in --model openai/NAME, and set its key"
        )
    idle = float(os.environ.get("TRACEGRAPH_LOCAL_IDLE", _IDLE))
    arguments = json.dumps([key, str(path), idle])
    log = log_path(key)
    with log.open("w") as out:
        # A session of its own: the server outlives its starter, and Ctrl-C there does not
        # reach it.
        process = subprocess.Popen(
            [sys.executable, "-m", "tracegraph.models.local.serve", arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )
    began = process_start(process.pid)
    deadline = time.monotonic() + _LOADING
    while time.monotonic() < deadline:
        state = read_state(key)
        if state is not None and state.pid == process.pid and healthy(state):
            _reap(process)
            return state
        if process.poll() is not None:
            raise ServerError(
                f"the embedded model's server ended with {process.returncode} while it loaded "
                f"{path}; the end of {log}:\n{_tail(log)}"
            )
        time.sleep(0.05)
    if process_alive(process.pid, began):
        process.kill()
        process.wait()
    raise ServerError(
        f"the embedded model's server was not ready after {_LOADING:g} s; the end of {log}:\n"
        f"{_tail(log)}"
    )


def _reap(process: subprocess.Popen[bytes]) -> None:
    # The server is not waited for here, and it may end before this process does: a thread that
    # waits keeps it from staying behind as a zombie.
    import threading

    threading.Thread(target=process.wait, name="tracegraph-reaper", daemon=True).start()


def _tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
