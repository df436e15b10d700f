"""What goes wrong with models, as text."""

from __future__ import annotations

from tracegraph.errors import TracegraphError


class ModelTextError(TracegraphError):
    """The text of a model cannot be read, or does not say what was captured."""


class SolverMissing(TracegraphError):
    """No solver is installed."""

    def __init__(self) -> None:
        super().__init__("no solver is installed; pip install 'tracegraph[solver]'")
