"""Where changed code runs: in the sandbox, or, when asked for, in this process."""

from __future__ import annotations

import atexit
import functools
import linecache
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tracegraph.graph.errors import CodeError, LearnedCodeError
from tracegraph.graph.explain import mark_line
from tracegraph.sandbox.errors import (
    RemoteError,
    SandboxDisk,
    SandboxError,
    SandboxKilled,
    SandboxMemory,
    SandboxOutput,
    SandboxRefused,
    SandboxTimeout,
    SandboxUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tracegraph.sandbox import CodeWorker, Handle

# What the code itself brought about, and how it is called in feedback. The other errors of the
# sandbox are of the machine, and nobody's fault who wrote code.
_KINDS: dict[type[SandboxError], str] = {
    SandboxTimeout: "Timeout",
    SandboxKilled: "Crash",
    SandboxMemory: "MemoryError",
    SandboxOutput: "OutputLimit",
    SandboxDisk: "DiskLimit",
    SandboxRefused: "Refused",
}


@dataclass(frozen=True, slots=True)
class LearnedCode:
    """A function given as source, with what it needs around it.

    Attributes:
        source: defines the function.
        name: the function.
        prelude: source of what the function finds around it; runs before.
        classes: those of this program that the prelude defines again.
    """

    source: str
    name: str
    prelude: str = ""
    classes: tuple[type, ...] = ()


class Executor(Protocol):
    """Runs learned code."""

    def check(self, code: LearnedCode) -> None:
        """Define the function once, to see that it can be; raise CodeError when not."""

    def call(self, code: LearnedCode, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the function; raise LearnedCodeError when it fails."""


class InProcess:
    """Runs changed code in this process, with everything that this process may do."""

    def __init__(self) -> None:
        self._define = functools.lru_cache(maxsize=8)(_define)

    def check(self, code: LearnedCode) -> None:
        """Define the function."""
        warnings.warn(
            f"the changed code of {code.name} runs in this process, without isolation, because"
            ' isolation="none" was asked for',
            stacklevel=4,
        )
        try:
            self._define(code)
        except Exception as error:
            raise _undefined(code, error) from error

    def call(self, code: LearnedCode, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the function."""
        return self._define(code)(*args, **kwargs)


def _define(code: LearnedCode) -> Callable[..., Any]:
    scope: dict[str, Any] = {"__name__": "__learned__"}
    exec(compile(code.prelude, "<around the code>", "exec"), scope)
    source, file = code.source, f"<learned {code.name}>"
    # So that a traceback shows the lines of the code.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), scope)
    made: Callable[..., Any] = scope[code.name]
    return made


class Sandboxed:
    """Runs changed code in the sandbox, each version in a warm process of its own.

    Args:
        seconds: the deadline of a call, and of the definition.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def check(self, code: LearnedCode) -> None:
        """Define the function there."""
        try:
            _loaded(code, self.seconds)
        except SandboxUnavailable as error:
            raise SandboxUnavailable(
                f"the changed code of {code.name} cannot run: {error}; so it may with"
                ' bundle(trainable=True, isolation="none")'
            ) from None
        except SandboxError as error:
            if type(error) is not RemoteError and type(error) not in _KINDS:
                raise
            raise _undefined(code, error) from error

    def call(self, code: LearnedCode, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the function there."""
        try:
            handle = _loaded(code, self.seconds)
            return _worker().call(handle, args, kwargs, seconds=self.seconds)
        except RemoteError as error:
            raise _raised(error, code.source) from None
        except SandboxError as error:
            kind = _KINDS.get(type(error))
            if kind is None:
                raise
            comment = f"{code.source}\n\n({kind}) {error}"
            raise LearnedCodeError(kind, str(error), comment) from None


@functools.cache
def _worker() -> CodeWorker:
    """Return the worker of this process; its processes start when it is first used."""
    from tracegraph.sandbox import CodeWorker

    worker = CodeWorker("code", count=os.cpu_count() or 1, apart=True)
    atexit.register(worker.close)
    return worker


# Versions that are called in turn, as in an evaluation of candidates, stay loaded.
@functools.lru_cache(maxsize=64)
def _loaded(code: LearnedCode, seconds: float) -> Handle:
    return _worker().load(
        code.source, code.name, code.prelude, classes=code.classes, seconds=seconds
    )


def _undefined(code: LearnedCode, error: Exception) -> CodeError:
    return CodeError(f"the code of {code.name} cannot be defined: {error}")


def _raised(error: RemoteError, source: str) -> LearnedCodeError:
    kind = error.type_name
    summary = f"({kind}) {error.message}"
    lines = source.splitlines()
    inside = [line for line in error.lines if 0 < line <= len(lines)]
    marked = mark_line(lines, inside[-1] - 1, summary) if inside else source
    if error.stdout:
        marked += f"\n\nIt printed before:\n{error.stdout}"
    return LearnedCodeError(kind, error.message, f"{marked}\n\n{summary}")
