"""The errors that tracegraph raises: one small hierarchy, each message says what to do."""

from __future__ import annotations

__all__ = ["TracegraphError", "MissingExtraError"]


class TracegraphError(Exception):
    """The base of every error that tracegraph raises on purpose."""


class MissingExtraError(TracegraphError, ImportError):
    """An optional part is not installed.

    Args:
        extra: of tracegraph, which brings it.
        module: what cannot be imported.
        instead: what else would do, if anything.
    """

    def __init__(self, extra: str, module: str, instead: str = "") -> None:
        super().__init__(
            f"{module} is needed for this and is not installed: pip install 'tracegraph[{extra}]'"
            + (f", or {instead}" if instead else "")
        )
        self.extra = extra
        self.module = module
