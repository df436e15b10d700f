"""A warm process that runs changed code, with a deadline; replaced when it hangs or dies."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

from tracegraph.graph.code import codec
from tracegraph.graph.errors import LearnedCodeError
from tracegraph.graph.explain import mark_line

_MAIN = Path(__file__).with_name("worker_main.py")
_ANSWER_BYTES = 64 << 20


class Worker:
    """Runs functions given as source in a process of their own, one call at a time.

    Safe to use from several threads, and after a fork (the child gets a process of its own).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._defined: set[str] = set()

    def define(self, source: str, name: str, prelude: str, seconds: float) -> str:
        """Define a function and return its key; again only when the process is a new one.

        Raises:
            LearnedCodeError: running the definitions fails or takes too long.
        """
        key = hashlib.sha256(
            "\0".join((name, prelude, source)).encode(errors="replace")
        ).hexdigest()
        with self._lock:
            self._define(key, source, name, prelude, seconds)
        return key

    def call(
        self, source: str, name: str, prelude: str, args: tuple[Any, ...], kwargs: dict[str, Any],
        seconds: float,
    ) -> Any:  # fmt: skip
        """Call a function and return its value.

        Raises:
            LearnedCodeError: the function raised, took longer than ``seconds``, or took the
                process with it.
            CodecError: an argument cannot travel.
        """
        arguments = codec.dumps((args, kwargs))
        key = hashlib.sha256(
            "\0".join((name, prelude, source)).encode(errors="replace")
        ).hexdigest()
        with self._lock:
            self._define(key, source, name, prelude, seconds)
            request = {"do": "call", "key": key, "name": name, "arguments": arguments}
            answer = self._ask(request, seconds)
        return codec.loads(_value(answer, source))

    def close(self) -> None:
        """Stop the process."""
        with self._lock:
            self._stop()

    def _define(self, key: str, source: str, name: str, prelude: str, seconds: float) -> None:
        self._alive()
        if key not in self._defined:
            request = {"do": "define", "key": key, "name": name, "source": source}
            _value(self._ask(request | {"prelude": prelude}, seconds), source)
            self._defined.add(key)

    def _alive(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and self._owner == os.getpid() and process.poll() is None:
            return process
        if process is not None and self._owner == os.getpid():
            self._stop()
        self._defined = set()
        self._owner = os.getpid()
        self._process = process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(_MAIN)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={}, cwd="/", start_new_session=True, bufsize=0,
        )  # fmt: skip
        weakref.finalize(self, _end, process)
        return process

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        process = self._alive()
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = time.monotonic() + seconds
        parts: list[bytes] = []
        size = 0
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            while not parts or not parts[-1].endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                    self._stop()
                    raise LearnedCodeError("Timeout", f"no answer within {seconds:g} seconds")
                part = os.read(process.stdout.fileno(), 1 << 16)
                size += len(part)
                if not part or size > _ANSWER_BYTES:
                    raise BrokenPipeError
                parts.append(part)
        except BrokenPipeError:
            self._stop()
            code = process.returncode
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            raise LearnedCodeError("Crash", f"the code ended its process ({how})") from None
        answer: dict[str, Any] = codec.loads(b"".join(parts).decode())
        return answer

    def _stop(self) -> None:
        process, self._process, self._defined = self._process, None, set()
        if process is not None:
            _end(process)


def _value(answer: dict[str, Any], source: str) -> str:
    if "error" not in answer:
        return answer["ok"] or "null"
    kind, text = answer["error"], answer["text"]
    summary = f"({kind}) {text}"
    lines = answer["lines"]
    marked = mark_line(source.splitlines(), lines[-1] - 1, summary) if lines else source
    if answer["printed"]:
        marked += f"\n\nIt printed before:\n{answer['printed']}"
    raise LearnedCodeError(kind, text, f"{marked}\n\n{summary}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.wait()
