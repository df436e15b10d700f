"""Calls of other packages as nodes: recorded where native values flow, plain everywhere else."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tracegraph.errors import MissingExtraError
from tracegraph.graph.bundle import BundledFunction, bundle
from tracegraph.graph.native import NativeCall
from tracegraph.graph.scope import Frame, current_frame, switch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from tracegraph.graph.node import MessageNode, Node
    from tracegraph.graph.recording import Recording


def needed(module: str, extra: str) -> ModuleType:
    """Return a module of another package.

    Raises:
        MissingExtraError: the package is not installed; it names what to install.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingExtraError(extra, module) from None


def recording_frame() -> Frame | None:
    """Return the frame of the recording of native values around this code, if there is one."""
    frame = current_frame.get()
    if not switch.on or frame is None or not frame.tracing:
        return None
    return frame if frame.recording is not None and frame.recording.native else None


def operation(
    name: str, about: str, fun: Callable[..., Any], *, catches: bool = True
) -> BundledFunction:
    """Return what a call is recorded as: a function under a name, with words about it."""
    made: BundledFunction = bundle(about, catch_execution_error=catches)(fun)
    made.operation.name = name
    return made


class ForeignCall(NativeCall):
    """One call of another package, in the making.

    The caller runs it: ``with call: value = …``, then ``call.finish(value)`` or
    ``call.fail(error)``. Arguments are nodes where the caller knows where they came from, and
    plain values, whose origin is looked up, where it does not.
    """

    __slots__ = ("made",)

    def __init__(
        self,
        recorded: BundledFunction,
        frame: Frame,
        arguments: Mapping[str, Any],
        *positional: Any,
    ) -> None:
        super().__init__(recorded, frame, positional, dict(arguments))
        self.made: MessageNode[Any] | None = None  # the node, once there is a result

    @property
    def recording(self) -> Recording:
        """The recording that the call belongs to."""
        return self._recording

    def depends_on(self, name: str, node: Node[Any], *, guessed: bool = False) -> None:
        """Note one more thing that the call depends on, besides its arguments."""
        self._link(node, name, guessed=guessed)

    def guessed(self, name: str) -> None:
        """Note that the origin of an argument is not certain."""
        self._inferred.add(name)

    def _close(self, made: MessageNode[Any], value: Any) -> None:
        super()._close(made, value)
        self.made = made
