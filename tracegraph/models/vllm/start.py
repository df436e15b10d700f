"""Starting vLLM servers, waiting until they answer, and stopping them."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from tracegraph.models.errors import ServerError
from tracegraph.models.vllm import command
from tracegraph.models.vllm import environment as environments
from tracegraph.models.vllm.command import ServeOptions
from tracegraph.models.vllm.replica import Replica, folder, forget, replicas

_LOADING = 900.0  # seconds: a large model from a slow disk, compiled


def start(
    options: ServeOptions,
    *,
    port: int | None = None,
    count: int = 1,
    idle: float | None = None,
    for_local: bool = False,
    say: Callable[[str], None] = print,
) -> list[Replica]:
    """Start servers and return them when all are healthy; they outlive this process.

    Args:
        options: the model and how it is served.
        port: of the first server, the next ones follow; None takes free ones.
        count: how many servers.
        idle: seconds without work after which a server ends; None is never.
        for_local: whether they help the embedded model, and end with it.
        say: told how it goes.

    Raises:
        ServerError: a server ended or did not get ready; all of this start are stopped then.
    """
    python = environments.require()
    ports = _free_ports(count) if port is None else [port + n for n in range(count)]
    watchers = []
    for number, one in enumerate(ports):
        # Loading in parallel would need the cores of all of them.
        watchers.append((one, _spawn(python, options, one, number, count, idle, for_local)))
    try:
        return [_ready(one, watcher, say) for one, watcher in watchers]
    except BaseException:
        for _, watcher in watchers:
            _end(watcher.pid)
            watcher.wait()
        raise


def stop(name: str | None = None, *, for_local: bool = False) -> int:
    """End the servers of this machine that serve `name`, or all; return how many there were.

    With ``for_local`` only those that were started to help the embedded model.
    """
    ended = 0
    for replica in replicas(name, dead=True):
        if for_local and not replica.for_local:
            continue
        if replica.pid and replica.alive:
            _end(replica.pid)
            ended += 1
        forget(replica)
    return ended


def healthy(url: str, timeout: float = 2.0) -> bool:
    """Whether a server answers and its engine lives."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=timeout) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def log_of(port: int) -> Path:
    """Return the log of the server of a port."""
    return folder() / f"127.0.0.1-{port}.log"


def _spawn(
    python: Path,
    options: ServeOptions,
    port: int,
    number: int,
    count: int,
    idle: float | None,
    for_local: bool,
) -> subprocess.Popen[bytes]:
    plan = {
        "python": str(python),
        "arguments": command.arguments(options, "127.0.0.1", port),
        "options": asdict(options),
        "url": f"http://127.0.0.1:{port}",
        "slots": 32 if options.cpu else 128,
        "idle": idle,
        "for_local": for_local,
    }
    token = secrets.token_urlsafe(32)
    variables = {**os.environ, **command.environment(options, number, count)}
    with log_of(port).open("w") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "tracegraph.models.vllm.watch", json.dumps(plan)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**variables, "VLLM_API_KEY": token},
            start_new_session=True,
            cwd=folder(),
        )


def _ready(port: int, watcher: subprocess.Popen[bytes], say: Callable[[str], None]) -> Replica:
    url, log = f"http://127.0.0.1:{port}", log_of(port)
    began = time.monotonic()
    say(f"{url}: loading; the log is {log}")
    while time.monotonic() - began < _LOADING:
        found = [replica for replica in replicas() if replica.url == url]
        if found and found[0].pid == watcher.pid and healthy(url):
            say(f"{url}: ready after {time.monotonic() - began:.0f} s")
            threading.Thread(target=watcher.wait, name="tracegraph-reaper", daemon=True).start()
            return found[0]
        if watcher.poll() is not None:
            raise ServerError(f"vLLM ended while it was loading; the end of {log}:\n{_tail(log)}")
        time.sleep(0.25)
    raise ServerError(f"vLLM was not ready after {_LOADING:g} s; the end of {log}:\n{_tail(log)}")


def _end(watcher: int, patience: float = 15.0) -> None:
    # The watcher leads a session of its own in which vLLM and its engine run.
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(watcher, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not _group_alive(watcher):
                return
            time.sleep(0.05)


def _group_alive(group: int) -> bool:
    """Whether a process of the group still runs; those that only wait to be reaped do not."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    states = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == group:
                states.append(state)
    return any(state != "Z" for state in states)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _tail(log: Path, lines: int = 25) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
