"""The errors that tracegraph raises: one small hierarchy, each message says what to do."""

from __future__ import annotations

__all__ = ["TracegraphError", "MissingExtraError"]


class TracegraphError(Exception):
    """The base of every error that tracegraph raises on purpose."""


class MissingExtraError(TracegraphError, ImportError):
    """An optional part is not installed."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(
            f"{module} is needed for this and is not installed: pip install 'tracegraph[{extra}]'"
        )
        self.extra = extra
        self.module = module
