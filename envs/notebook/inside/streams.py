"""Standard output and error of a kernel, bounded for each cell where they are written."""

from __future__ import annotations

import codecs
import contextlib
import os
import threading
from collections import deque
from typing import Any

from ipykernel.iostream import OutStream

# Characters that a cell may print on one stream; of more, these are shown from both ends.
HEAD, TAIL = 48_000, 16_000
_BLOCK = 1 << 16
_DRAIN_SECONDS = 0.5


class BoundedStream(OutStream):
    """Passes on the first characters of each cell and keeps the last ones until its end.

    What was left out is said between the two. What is printed between cells, by threads and
    children, is kept in the same way and shown by the next cell.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._room = HEAD
        self._tail: deque[str] = deque()
        self._kept = self._left_out = 0
        self._running = False
        self._guard = threading.RLock()
        # Written to the descriptor, to see when all that was written before has arrived.
        self._mark = b"\0" + os.urandom(16).hex().encode() + b"\0"
        self._marked = 0
        self._drained = threading.Event()
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def write(self, string: str) -> int:
        """Take text from Python code, or from the descriptor through the watching thread."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string).__name__}")
        if not self._is_master_process():  # type: ignore[no-untyped-call]
            # A fork: its text comes in through the descriptor and is counted there.
            with contextlib.suppress(OSError):
                os.write(self._original_stdstream_fd, string.encode("utf-8", "replace"))
            return len(string)
        with self._guard:
            text = string
            if self._running and self._room and text:
                now, text = text[: self._room], text[self._room :]
                self._room -= len(now)
                super().write(now)
            if text:
                self._keep(text)
        return len(string)

    def begin(self) -> None:
        """Start to count for a cell."""
        with self._guard:
            late = self._taken()
            self._running, self._room = True, HEAD
            if late:
                super().write(f"[printed between cells]\n{late}\n[end]\n")

    def finish(self) -> None:
        """Show the end of what was held back."""
        self._drain()
        with self._guard:
            held = self._taken()
            self._running = False
            if held:
                super().write(held)

    def _keep(self, text: str) -> None:
        if len(text) > TAIL:
            self._left_out += len(text) - TAIL
            text = text[-TAIL:]
        self._tail.append(text)
        self._kept += len(text)
        while self._kept - len(self._tail[0]) >= TAIL:
            dropped = len(self._tail.popleft())
            self._kept -= dropped
            self._left_out += dropped

    def _taken(self) -> str:
        text = "".join(self._tail)
        if self._left_out:
            text = f"\n… {self._left_out:,} characters left out …\n{text}"
        self._tail.clear()
        self._kept = self._left_out = 0
        return text

    def _drain(self) -> None:
        """Wait until what children and C code wrote to the descriptor has arrived."""
        if not self._should_watch:
            return
        self._drained.clear()
        self._marked += 1
        with contextlib.suppress(OSError):
            if os.write(self._original_stdstream_fd, self._mark) == len(self._mark):
                self._drained.wait(_DRAIN_SECONDS)

    def _watch_pipe_fd(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = b""
        assert self._fid is not None
        while self._should_watch:
            block = os.read(self._fid, _BLOCK)
            if not block:
                return
            *parts, block = (rest + block).split(self._mark)
            for part in parts:
                self._pass(decoder.decode(part))
                self._marked -= 1
            if parts and self._marked <= 0:
                self._drained.set()
            sizes = range(len(self._mark) - 1, 0, -1)
            cut = next((n for n in sizes if block.endswith(self._mark[:n])), 0)
            block, rest = block[: len(block) - cut], block[len(block) - cut :]
            self._pass(decoder.decode(block))

    def _pass(self, text: str) -> None:
        if text:
            self.write(text)
