"""What can go wrong in training."""

from __future__ import annotations

from tracegraph.errors import TracegraphError


class TrainingError(TracegraphError):
    """A run cannot be started, or cannot go on."""


class WorkflowError(TrainingError):
    """A workflow cannot be loaded, or does not fit the data."""
