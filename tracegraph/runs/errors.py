"""What can go wrong with the run store."""

from __future__ import annotations

from tracegraph.errors import TracegraphError


class StoreError(TracegraphError):
    """The run store could not be opened, read or written."""


class StoreClosedError(StoreError):
    """The store was closed before this call."""


class RunTakenError(StoreError):
    """Another living process owns this run."""
