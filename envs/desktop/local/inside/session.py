"""The process that holds a desktop: it starts the servers, then answers requests in turn.

What needs the display runs in one thread, in order; programs, files and the tree do not wait
for it.
"""

from __future__ import annotations

import ctypes
import io
import os
import queue
import sys
import tarfile
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from . import boot, files, programs, servers, wire
from .keyboard import Keyboard
from .pointer import Pointer
from .screen import STILL, Screen
from .treereader import TreeReader
from .windows import Windows

Answer = tuple[dict[str, Any], bytes]
_NOT_DUMPABLE = 4
_READ_SECONDS = 20.0
_FIELD_SECONDS = 1.5
# A GTK button that a key activates is shown pressed for 250 ms before it does anything.
_PRESSED = 0.45
_PRESSING = frozenset({"enter", "return", "space", " ", "alt"})


class Session:
    """A desktop that is running."""

    def __init__(self, begun: boot.Begun) -> None:
        self.began = time.monotonic()
        self.display, self.processes = servers.finish(begun)
        self.windows = Windows(self.display)
        self.screen = Screen(self.windows)
        self.keyboard = Keyboard(self.display, self._drained)
        self.pointer = Pointer(self.display)
        self.tree = TreeReader()

    def observe(self, _: dict[str, Any], __: bytes) -> Answer:
        """Return the picture."""
        png = self.screen.png()
        return {"time": time.monotonic() - self.began}, png

    def act(self, ask: dict[str, Any], _: bytes) -> Answer:
        """Carry out an action and wait until the screen is still."""
        do = ask["do"]
        kind = do.pop("action")
        keyboard, pointer = self.keyboard, self.pointer
        actions: dict[str, Callable[..., None]] = {
            "click": pointer.click, "move": pointer.move, "drag": pointer.drag,
            "scroll": pointer.scroll, "mouse_down": pointer.down, "mouse_up": pointer.up,
            "type": self._type, "keys": keyboard.press,
            "key_down": keyboard.down, "key_up": keyboard.up,
        }  # fmt: skip
        actions[kind](**do)
        return self.settle({**ask, "least": _PRESSED if _may_press(kind, do) else STILL}, b"")

    def _type(self, text: str) -> None:
        # A field that completes what is typed swallows an Enter that comes too soon after it.
        if text.endswith("\n") and text.strip("\n"):
            self.keyboard.type(text[:-1])
            self.settle({"longest": _FIELD_SECONDS}, b"")
            text = "\n"
        self.keyboard.type(text)

    def settle(self, ask: dict[str, Any], _: bytes) -> Answer:
        """Wait until the screen is still."""
        still, read = self.screen.settle(ask["longest"], ask.get("least", STILL))
        if read:
            self.keyboard.read()
        return {"still": still}, b""

    def window(self, ask: dict[str, Any], _: bytes) -> Answer:
        """Return the windows, after raising or closing one."""
        if ask["what"] == "activate":
            self.windows.activate(ask["window"])
        elif ask["what"] == "close":
            self.windows.shut(ask["window"])
        if ask["what"] != "list":
            self.screen.settle()
        return {"windows": self.windows.told(), "pointer": self.pointer.place()}, b""

    def _drained(self) -> None:
        if not self.screen.read(_READ_SECONDS):
            # It does not say; give it time, then look whether it still paints.
            time.sleep(0.15)
            self.screen.settle()


def _may_press(kind: str, do: dict[str, Any]) -> bool:
    if kind == "type":
        return bool(do["text"].endswith("\n"))
    return kind == "keys" and any(name.lower() in _PRESSING for name in do["names"])


def _exec(ask: dict[str, Any], _: bytes) -> Answer:
    if ask["background"]:
        return programs.launch(ask["argv"]), b""
    return programs.run(ask["argv"], ask["seconds"]), b""


class Server:
    """Reads requests and sends answers."""

    def __init__(self, session: Session, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._lock = threading.Lock()
        self._in_order: queue.SimpleQueue[tuple[Any, dict[str, Any], bytes]] = queue.SimpleQueue()
        self._ordered = {
            "observe": session.observe, "act": session.act, "settle": session.settle,
            "window": session.window,
        }  # fmt: skip
        self._free: dict[str, Callable[[dict[str, Any], bytes], Answer]] = {
            "exec": _exec, "put": files.put, "get": files.get, "tree": session.tree.read,
        }  # fmt: skip
        threading.Thread(target=self._work, daemon=True).start()

    def serve(self) -> None:
        """Answer until the requests end."""
        while (got := receive(self._source)) is not None:
            ask, body = got
            if ask["op"] in self._ordered:
                self._in_order.put((self._ordered[ask["op"]], ask, body))
                continue
            do = self._free[ask["op"]]
            threading.Thread(target=self._answer, args=(do, ask, body), daemon=True).start()

    def _work(self) -> None:
        while True:
            self._answer(*self._in_order.get())

    def _answer(self, do: Any, ask: dict[str, Any], body: bytes) -> None:
        try:
            told, data = do(ask, body)
        except (ValueError, OSError) as error:
            told, data = {"error": type(error).__name__, "message": str(error)}, b""
        except BaseException:
            traceback.print_exc()
            told, data = {"error": "fault", "message": traceback.format_exc(limit=-3)}, b""
        self.send({**told, "id": ask["id"]}, data)

    def send(self, told: dict[str, Any], data: bytes = b"") -> None:
        """Send one message."""
        with self._lock:
            self._sink.write(wire.pack(told, data))
            self._sink.flush()


def receive(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Return the next message, or None at the end."""
    head = source.read(wire.HEAD.size)
    if len(head) < wire.HEAD.size:
        return None
    text, body = wire.sizes(head)
    return wire.unpack(source.read(text)), source.read(body)


def main(begun: boot.Begun) -> None:
    """Run a desktop until standard input ends."""
    # Applications have the same user; they shall not reach this process's streams or memory.
    ctypes.CDLL(None).prctl(_NOT_DUMPABLE, 0, 0, 0, 0)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    source = os.fdopen(os.dup(0), "rb")
    got = receive(source)
    if got is None:
        return
    ask, home = got
    if home:
        with tarfile.open(fileobj=io.BytesIO(home)) as archive:
            archive.extractall(boot.HOME, filter="data")
    try:
        session = Session(begun)
        server = Server(session, source, sink)
    except (RuntimeError, OSError) as error:
        sink.write(wire.pack({"id": ask["id"], "error": "start", "message": str(error)}))
        sink.flush()
        sys.exit(1)
    server.send({"id": ask["id"]})
    server.serve()
