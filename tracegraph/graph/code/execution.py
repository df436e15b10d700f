"""Where changed code runs: in the sandbox, or, when asked for, in this process."""

from __future__ import annotations

import functools
import linecache
import warnings
from typing import TYPE_CHECKING, Any, Protocol

from tracegraph.graph.code.worker import Worker
from tracegraph.graph.errors import CodeError, LearnedCodeError

if TYPE_CHECKING:
    from collections.abc import Callable


class Executor(Protocol):
    """Runs a function that is given as source."""

    def check(self, source: str, name: str, prelude: str) -> None:
        """Define the function once, to see that it can be; raise CodeError when not."""

    def call(
        self, source: str, name: str, prelude: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call the function; raise LearnedCodeError when it fails."""


class InProcess:
    """Runs changed code in this process, with everything that this process may do."""

    def __init__(self) -> None:
        self._define = functools.lru_cache(maxsize=8)(_define)

    def check(self, source: str, name: str, prelude: str) -> None:
        """Define the function."""
        warnings.warn(
            f"the changed code of {name} runs in this process, without isolation, because"
            ' isolation="none" was asked for',
            stacklevel=4,
        )
        try:
            self._define(source, name, prelude)
        except Exception as error:
            raise CodeError(f"the code of {name} cannot be defined: {error}") from error

    def call(
        self, source: str, name: str, prelude: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call the function."""
        return self._define(source, name, prelude)(*args, **kwargs)


def _define(source: str, name: str, prelude: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {"__name__": "__learned__"}
    exec(compile(prelude, "<around the code>", "exec"), scope)
    file = f"<learned {name}>"
    # So that a traceback shows the lines of the code.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), scope)
    made: Callable[..., Any] = scope[name]
    return made


class Separate:
    """Runs changed code in a warm process of its own, shared by all code of this process."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def check(self, source: str, name: str, prelude: str) -> None:
        """Define the function there."""
        try:
            shared_worker().define(source, name, prelude, self.seconds)
        except LearnedCodeError as error:
            raise CodeError(f"the code of {name} cannot be defined: {error}") from error

    def call(
        self, source: str, name: str, prelude: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call the function there."""
        return shared_worker().call(source, name, prelude, args, kwargs, self.seconds)


@functools.cache
def shared_worker() -> Worker:
    """Return the worker of this process; it starts when it is first used."""
    return Worker()
