"""FakeDesktop: scripted frames, for tests that need no screen."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence

from tracegraph.envs.desktop.actions import Action
from tracegraph.envs.desktop.protocol import DesktopError, Element, ExecResult, Frame


class FakeDesktop:
    """Shows the next of ``frames`` after each action, the last one for ever.

    Args:
        frames: what it shows; pictures as PNG bytes are frames of 64 x 48 pixels.
        files: what it holds at the start, by absolute path.
        programs: answers ``exec``; without it every program ends with 127.
        fails_after: actions after which it is gone, until it is reset.
    """

    capabilities = frozenset({"tree", "exec", "files", "reset"})

    def __init__(
        self,
        frames: Sequence[Frame | bytes] = (),
        *,
        files: dict[str, bytes] | None = None,
        programs: Callable[[Sequence[str]], ExecResult] | None = None,
        fails_after: int | None = None,
    ) -> None:
        self._frames = [
            one if isinstance(one, Frame) else Frame(one, 64, 48) for one in frames
        ] or [Frame(picture(64, 48), 64, 48)]
        self._beginning = dict(files or {})
        self._programs = programs
        self._fails_after = fails_after
        self.files: dict[str, bytes] = {}
        self.actions: list[Action] = []
        self.running = False

    async def start(self) -> None:
        """Begin."""
        self.running = True
        self.actions = []
        self.files = dict(self._beginning)

    async def reset(self) -> None:
        """Begin again, from the first frame."""
        await self.start()

    async def observe(self, *, tree: bool = False) -> Frame:
        """Return the frame of now, with a tree that is only a screen where it has none."""
        self._check()
        frame = self._frames[min(len(self.actions), len(self._frames) - 1)]
        if not tree:
            return Frame(frame.png, frame.width, frame.height, None, frame.time)
        root = frame.tree or Element(
            "desktop frame", "main", "", 0, 0, frame.width, frame.height, frozenset(), (), ""
        )
        return Frame(frame.png, frame.width, frame.height, root, frame.time)

    async def act(self, action: Action) -> None:
        """Note the action and go to the next frame."""
        self._check()
        self.actions.append(action)
        if self._fails_after is not None and len(self.actions) > self._fails_after:
            self.running = False
        self._check()

    async def exec(
        self, argv: Sequence[str], *, seconds: float = 30, background: bool = False
    ) -> ExecResult:
        """Answer as ``programs`` says."""
        self._check()
        if self._programs is not None:
            return self._programs(argv)
        return ExecResult(127, "", f"{argv[0]}: no such program")

    async def put(self, path: str, data: bytes) -> None:
        """Hold a file."""
        self._check()
        self.files[path] = data

    async def get(self, path: str) -> bytes:
        """Return a file that it holds."""
        self._check()
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    async def close(self) -> None:
        """End."""
        self.running = False

    def _check(self) -> None:
        if not self.running:
            raise DesktopError("the desktop is not running")


def picture(width: int, height: int, colour: tuple[int, int, int] = (59, 66, 82)) -> bytes:
    """Return a PNG of one colour."""
    rows = (b"\0" + bytes(colour) * width) * height
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
