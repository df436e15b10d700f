"""Define and call functions in one child of a fork server, with errors instead of letters."""

from __future__ import annotations

import contextlib
import signal
import struct
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracegraph.sandbox.errors import (
    RemoteError,
    SandboxDisk,
    SandboxError,
    SandboxKilled,
    SandboxMemory,
    SandboxOutput,
    SandboxRefused,
    SandboxTimeout,
)
from tracegraph.sandbox.inside import codec
from tracegraph.sandbox.inside.wire import (
    CALL,
    CANNOT,
    DEFINE,
    DISK,
    FULL,
    LENGTH,
    MEMORY,
    MODULE,
    RAISED,
    VALUE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.sandbox.policy import Limits
    from tracegraph.sandbox.server import Child, ForkServer

_KEY = struct.Struct("<I")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Handle:
    """A function that is given as source.

    Attributes:
        source: Python source that defines it.
        name: the function's name in it.
        prelude: source that runs before, in the same scope.
        file: the name that tracebacks give the source.
        classes: of this program, that the source or the prelude defines again: dataclasses, named
            tuples and enums that a returned value may be rebuilt as.
    """

    source: str
    name: str
    prelude: str = ""
    file: str = ""
    classes: tuple[type, ...] = ()


class Caller:
    """A child and what is defined in it. Not thread-safe, but for kill()."""

    def __init__(self, server: ForkServer, child: Child, limits: Limits) -> None:
        self.server = server
        self._child = child
        self._limits = limits
        self._defined: weakref.WeakKeyDictionary[Handle, int] = weakref.WeakKeyDictionary()
        self.defined = 0
        self.usable = True

    def knows(self, handle: Handle) -> bool:
        """Whether the function is defined in the child."""
        return handle in self._defined

    def define(self, handle: Handle, seconds: float | None) -> int:
        """Run the source, once, and return its number; raises what it raised as RemoteError."""
        if handle in self._defined:
            return self._defined[handle]
        self.defined += 1
        told = (
            self.defined,
            handle.source,
            handle.name,
            handle.prelude,
            handle.file or _file(handle),
        )
        self._exchange(DEFINE + codec.dumps(told), seconds, None)
        self._defined[handle] = self.defined
        return self.defined

    def call(
        self,
        handle: Handle,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        seconds: float | None,
    ) -> tuple[Any, str]:
        """Return the value and what was printed; defines the function first where needed."""
        number = self._defined.get(handle) or self.define(handle, seconds)
        classes = {f"{MODULE}:{one.__name__}": one for one in handle.classes}
        try:
            content = codec.dumps((tuple(args), dict(kwargs)), classes=classes)
        except codec.CodecError as error:
            where = _which(args, kwargs)
            raise SandboxRefused(
                f"the call of {handle.name} is refused: {where or error}"
            ) from None
        return self._exchange(CALL + _KEY.pack(number) + content, seconds, classes)

    def kill(self) -> None:
        """Kill the child, from any thread."""
        self._child.kill()

    def close(self) -> None:
        """End the child."""
        self.usable = False
        self._child.close()

    def abandon(self) -> None:
        """Forget the child without ending it."""
        self.usable = False
        self._child.abandon()

    def _exchange(
        self, request: bytes, seconds: float | None, classes: dict[str, type] | None
    ) -> tuple[Any, str]:
        try:
            answer = self._child.ask(
                request, seconds, self._limits.output * 4 + self._limits.artifact
            )
        except SandboxTimeout:
            self.close()
            raise SandboxTimeout(
                f"the code did not answer within {seconds:g} seconds; its process was killed"
            ) from None
        except SandboxError:
            self.close()
            raise
        except OSError:
            raise self._ended() from None
        except BaseException:
            # Interrupted halfway: what comes next on the socket belongs to nobody.
            self.close()
            raise
        return self._judged(answer, classes)

    def _judged(self, answer: bytes, classes: dict[str, type] | None) -> tuple[Any, str]:
        letter = answer[:1]
        try:
            if letter == VALUE:
                (text,) = LENGTH.unpack_from(answer, 1)
                printed = codec.loads(answer[5 : 5 + text])
                return codec.loads(answer[5 + text :], classes=classes), str(printed)
            told = codec.loads(answer[1:])
            if letter == RAISED:
                name, text, trace, lines, printed = told
                raise RemoteError(name, text, trace, lines, printed)
            if letter == CANNOT:
                raise SandboxRefused(f"what the code returned cannot cross: {told[0]}")
        except (codec.CodecError, TypeError, ValueError, struct.error) as error:
            raise SandboxRefused(f"what the code returned is not taken: {error}") from None
        self.close()
        if letter == FULL:
            raise SandboxOutput(f"the code printed more than {self._limits.output} bytes")
        if letter == DISK:
            raise SandboxDisk("the code wrote more to its folder than its limit")
        if letter == MEMORY:
            raise SandboxMemory("the code asked for more memory than its limit")
        raise SandboxRefused("the code's process answered what is no answer")

    def _ended(self) -> SandboxError:
        code = self.server.exit_code(self._child)
        printed = self._child.printed()
        why = ""
        if code == -signal.SIGKILL:
            with contextlib.suppress(SandboxError):
                why = self.server.why(self._child)
        self.close()
        if code == -signal.SIGXCPU:
            return SandboxTimeout("the code used up its time of CPU")
        if code == -signal.SIGKILL and why == "memory":
            return SandboxMemory("the code used more memory than its limit")
        if code == -signal.SIGKILL and why == "disk":
            return SandboxDisk("the code wrote more to its folder than its limit")
        if code == -signal.SIGKILL and why == "threads":
            return SandboxKilled("the code made more threads than its limit", code)
        how = "ended" if code is None else f"ended with exit code {code}"
        if code is not None and code < 0:
            how = f"was ended by {_signal_name(-code)}"
        tail = f"; it printed: {printed[-500:]}" if printed else ""
        return SandboxKilled(f"the code's process {how} before it answered{tail}", code)


def _which(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return what is wrong with the first argument that cannot be encoded, by its name."""
    named = [(f"argument {n}", value) for n, value in enumerate(args)]
    for name, value in [*named, *((f"argument {key!r}", value) for key, value in kwargs.items())]:
        try:
            codec.dumps(value)
        except codec.CodecError as error:
            return f"{name}: {error}"
    return ""


def _file(handle: Handle) -> str:
    return f"<learned {handle.name}>"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
