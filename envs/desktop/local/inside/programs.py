"""Programs inside the desktop: run to their end with a deadline, or left running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import Any

from .boot import HOME, environment

_MOST_OUTPUT = 8 << 20
_NOT_FOUND, _LATE = 127, 124


def run(argv: list[str], seconds: float) -> dict[str, Any]:
    """Run a program to its end; at the deadline it and its group are ended."""
    try:
        process = _start(argv, subprocess.PIPE)
    except OSError as error:
        return _told(_NOT_FOUND, "", f"{argv[0]}: {error.strerror}")
    parts: list[bytes] = [b"", b""]
    readers = [
        threading.Thread(target=_read, args=(parts, number, stream), daemon=True)
        for number, stream in enumerate((process.stdout, process.stderr))
    ]
    for reader in readers:
        reader.start()
    late = False
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        late = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    # What it left in the background may hold the pipes open for ever.
    for reader in readers:
        reader.join(1.0 if not late else 0.2)
    out, err = (part.decode("utf-8", "replace") for part in parts)
    return (
        _told(_LATE, out, err + "\nended at the deadline")
        if late
        else _told(_code(process.returncode), out, err)
    )


def launch(argv: list[str]) -> dict[str, Any]:
    """Start a program and leave it running; it is reaped when it ends."""
    try:
        process = _start(argv, subprocess.DEVNULL)
    except OSError as error:
        return _told(_NOT_FOUND, "", f"{argv[0]}: {error.strerror}")
    threading.Thread(target=process.wait, daemon=True).start()
    return {**_told(None, "", ""), "pid": process.pid}


def _start(argv: list[str], output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        env=environment(), cwd=HOME, start_new_session=True,
    )  # fmt: skip


def _read(parts: list[bytes], number: int, stream: Any) -> None:
    with contextlib.suppress(ValueError, OSError):
        while block := stream.read1(1 << 16):
            # The rest is read and dropped, so that the program can go on.
            parts[number] += block[: max(0, _MOST_OUTPUT - len(parts[number]))]


def _code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned


def _told(code: int | None, out: str, err: str) -> dict[str, Any]:
    return {"code": code, "stdout": out, "stderr": err}
