"""The process beside a vLLM server: writes it down, ends it when idle, cleans up after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from types import FrameType
from typing import Any

from tracegraph.models.vllm.metrics import scrape
from tracegraph.models.vllm.replica import Replica, forget, write
from tracegraph.models.vllm.start import healthy
from tracegraph.runs import process_start

_LOOK = 1.0


def watch(plan: dict[str, Any]) -> int:
    """Run vLLM as the plan says until it ends, is told to, or has been idle for long."""
    ending = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    # vLLM leaves its sockets when it is ended: it gets a folder for temporary files of its own.
    with tempfile.TemporaryDirectory(prefix="vllm-", ignore_cleanup_errors=True) as folder:
        server = subprocess.Popen(
            [plan["python"], *plan["arguments"]],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": folder},
        )
        return _beside(server, plan, ending)


def _beside(server: subprocess.Popen[bytes], plan: dict[str, Any], ending: threading.Event) -> int:
    """Stay with the server until it ends or shall end; return its exit status."""
    options = plan["options"]
    replica = Replica(
        name=options["name"],
        model=options["model"],
        url=plan["url"],
        token=os.environ["VLLM_API_KEY"],
        slots=plan["slots"],
        pid=os.getpid(),
        start=process_start(os.getpid()),
        loras=options["loras"],
        for_local=plan["for_local"],
    )
    written = False
    seen, since = -1.0, time.monotonic()
    try:
        while server.poll() is None and not ending.wait(_LOOK):
            if not written and healthy(replica.url):
                write(replica)
                written = True
            if plan["idle"] is None or not written:
                continue
            work = _work(replica)
            if work != seen:
                seen, since = work, time.monotonic()
            elif time.monotonic() - since > plan["idle"]:
                print(f"idle for {plan['idle']:g} s: ending", flush=True)
                break
    finally:
        if written:
            forget(replica)
        if server.poll() is None:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
        # What vLLM left behind in this session, its engine above all, ends with it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    return server.wait()


def _work(replica: Replica) -> float:
    values = scrape(replica.url, replica.token)
    return values.get("generation_tokens", 0) + values.get("running", 0) / 1e6


if __name__ == "__main__":
    sys.exit(watch(json.loads(sys.argv[1])))
