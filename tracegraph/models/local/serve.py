"""The embedded server's own process: `python -m tracegraph.models.local.serve KEY MODEL`."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import FrameType

from tracegraph.models.local.sizing import choose
from tracegraph.models.local.state import ServerState, clear_state, write_state
from tracegraph.runs import process_start

# How often the server looks whether it is still needed, in seconds.
_LOOK = 2.0


def serve(key: str, model: Path, idle: float) -> None:
    """Load the model, serve it on loopback, and end after `idle` seconds without work."""
    import xllamacpp

    sizing = choose(model.stat().st_size)
    token = secrets.token_urlsafe(32)
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {model.stem}  # else it tells clients the path
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [token]
    params.n_parallel = sizing.slots
    params.n_ctx = sizing.slots * sizing.context
    params.n_threads_http = 2 * sizing.slots + 8
    params.cpuparams.n_threads = sizing.threads
    params.cpuparams_batch.n_threads = sizing.threads
    params.endpoint_metrics = True
    params.ui = False
    params.verbosity = 2
    started = time.monotonic()
    server = xllamacpp.Server(params)
    url = server.listening_address
    print(f"{url}: loaded {model} in {time.monotonic() - started:.1f} s, {sizing}", flush=True)
    ending = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    write_state(
        key,
        ServerState(
            model=str(model),
            engine="llama.cpp",
            pid=os.getpid(),
            start=process_start(os.getpid()),
            url=url,
            token=token,
            threads=sizing.threads,
            slots=sizing.slots,
            context=sizing.context,
        ),
    )
    try:
        _wait(url, token, idle, ending)
    finally:
        clear_state(key, os.getpid())


def _wait(url: str, token: str, idle: float, ending: threading.Event) -> None:
    """Return when told to end, or after `idle` seconds in which nothing was decoded."""
    seen, since = -1, time.monotonic()
    while not ending.wait(_LOOK):
        work = _work(url, token)
        if work != seen:
            seen, since = work, time.monotonic()
        elif time.monotonic() - since > idle:
            print(f"idle for {idle:g} s: ending", flush=True)
            return


def _work(url: str, token: str) -> int:
    """Return a number that changes while requests are worked on."""
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{url}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        lines = response.read().decode().splitlines()
    names = ("n_decode_total", "prompt_tokens_total", "tokens_predicted_total")
    return hash(tuple(line for line in lines if line.split(" ")[0].endswith(names)))


def main(arguments: list[str]) -> None:
    """Run with a key, a model file and the idle seconds, as JSON in the only argument."""
    key, model, idle = json.loads(arguments[0])
    serve(key, Path(model), float(idle))
    # The library's threads need not be waited for: nothing is left to be written.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
