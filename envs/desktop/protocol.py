"""What a desktop is: frames, an accessibility tree, actions, programs, files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tracegraph.envs.protocol import EnvError
from tracegraph.errors import TracegraphError

if TYPE_CHECKING:
    from tracegraph.envs.desktop.actions import Action


class DesktopError(EnvError):
    """The desktop itself failed: it did not start, hangs, or is gone."""


class ActionError(TracegraphError):
    """An action cannot be carried out, as a click off the screen; the desktop is fine."""


@dataclass(frozen=True, slots=True)
class Element:
    """A node of the accessibility tree.

    Attributes:
        role: as AT-SPI names it, as in ``push button``.
        name: its label.
        text: what it holds, cut when it is long.
        x, y, width, height: where it is, in pixels of the screen.
        states: as AT-SPI names them, as in ``focused``.
        children: in their order.
        app: the name of its application.
    """

    role: str
    name: str
    text: str
    x: int
    y: int
    width: int
    height: int
    states: frozenset[str]
    children: tuple[Element, ...]
    app: str

    def walk(self) -> Iterator[Element]:
        """Yield the element and all below it, parents first."""
        todo = [self]
        while todo:
            one = todo.pop()
            yield one
            todo.extend(reversed(one.children))


@dataclass(frozen=True, slots=True)
class Frame:
    """What is on the screen at one moment.

    Attributes:
        png: the picture, RGB, with the pointer in it.
        width, height: in pixels; actions use the same ones.
        tree: the accessibility tree when it was asked for; its root is the screen.
        time: in seconds since the desktop started.
    """

    png: bytes
    width: int
    height: int
    tree: Element | None = None
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a program ended. ``code`` is None while it runs in the background."""

    code: int | None
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A top-level window: its id, title, class (as ``Mousepad``), place, and whether it is active.

    ``pid`` is the process inside the desktop, 0 when the window does not say.
    """

    id: int
    title: str
    app: str
    x: int
    y: int
    width: int
    height: int
    active: bool = False
    pid: int = 0


class Desktop(Protocol):
    """A desktop. Every method raises DesktopError when the desktop itself fails.

    ``capabilities`` names what a provider offers: ``tree``, ``exec``, ``files``, ``reset``,
    ``windows``, ``record``, ``view``.
    """

    capabilities: frozenset[str]

    async def start(self) -> None:
        """Start it; when this returns it can be used."""

    async def reset(self) -> None:
        """Throw it away and start a new one from the same beginning."""

    async def observe(self, *, tree: bool = False) -> Frame:
        """Return what is on the screen, with the accessibility tree when asked."""

    async def act(self, action: Action) -> None:
        """Carry out an action and wait until the screen is still.

        Of ``Wait``, ``Done``, ``Fail`` and ``CallUser`` only ``Wait`` does something. Raises
        ActionError for one that cannot be carried out, such as a point off the screen.
        """

    async def exec(
        self, argv: Sequence[str], *, seconds: float = 30, background: bool = False
    ) -> ExecResult:
        """Run a program inside, with the display; in the background it is left running.

        A program that is not there has code 127; one that was ended at the deadline 124.
        """

    async def put(self, path: str, data: bytes) -> None:
        """Write a file at an absolute path inside, with the folders on the way."""

    async def get(self, path: str) -> bytes:
        """Return a file's content; raises FileNotFoundError when there is none."""

    async def close(self) -> None:
        """End everything that was started; nothing is left running."""
