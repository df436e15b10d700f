"""What can be wrong with examples."""

from __future__ import annotations

from tracegraph.errors import TracegraphError


class DataError(TracegraphError):
    """Examples cannot be read or split; the message names the file, the line and the column."""


class DataWarning(UserWarning):
    """Examples can be used, but something about them makes results less trustworthy."""
