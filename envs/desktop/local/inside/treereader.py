"""Our end of the process that reads the accessibility tree; it is replaced when it hangs."""

from __future__ import annotations

import json
import os
import select
import subprocess
import threading
import time
from typing import Any

from .boot import environment

_SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's accessibility bindings belong to
_PROGRAM = os.path.join(os.path.dirname(__file__), "atspi_tree.py")
_GRACE = 3.0
_LARGEST = 8 << 20


class TreeReader:
    """Reads trees, one at a time; its process starts with the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, ask: dict[str, Any], _: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the tree as JSON; raises OSError when it cannot be had."""
        with self._lock:
            try:
                return {}, self._read(ask)
            except OSError:
                self._end()
                raise

    def _read(self, ask: dict[str, Any]) -> bytes:
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = subprocess.Popen(
                [_SYSTEM_PYTHON, "-I", _PROGRAM],
                env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(ask["budget"]).encode() + b"\n")
        process.stdin.flush()
        deadline = time.monotonic() + ask["budget"]["seconds"] + _GRACE
        line = bytearray()
        output = process.stdout.fileno()
        while not line.endswith(b"\n"):
            if not select.select([output], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise OSError("the accessibility tree was not read in time")
            part = os.read(output, 1 << 16)
            if not part or len(line) > _LARGEST:
                raise OSError("the accessibility tree cannot be read")
            line += part
        return bytes(line)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
