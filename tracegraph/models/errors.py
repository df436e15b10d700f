"""What can go wrong between a question and its answer."""

from __future__ import annotations

from tracegraph.errors import TracegraphError


class ModelError(TracegraphError):
    """A model could not be asked, or did not answer."""


class BudgetExceeded(ModelError):
    """The budget does not cover the worst case of this call; nothing was sent."""

    def __init__(self, message: str, *, budget: str, kind: str) -> None:
        super().__init__(message)
        self.budget = budget
        self.kind = kind


class SchemaError(ModelError):
    """The answer does not fit the schema, also after the allowed repairs.

    `raw` is the last answer as it came, `problem` what is wrong with it.
    """

    def __init__(self, message: str, *, raw: str, problem: str) -> None:
        super().__init__(message)
        self.raw = raw
        self.problem = problem


class CassetteError(ModelError):
    """A cassette has no answer to this request, or cannot be read."""


class RequestError(ModelError):
    """One attempt at a request failed.

    Attributes:
        retry: whether another attempt can help.
        after: seconds that the server asked to wait, if it did.
        sent: whether the server may have done the work (and may charge for it).
        status: the HTTP status, if there was one.
    """

    def __init__(
        self,
        message: str,
        *,
        retry: bool,
        after: float | None = None,
        sent: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.retry = retry
        self.after = after
        self.sent = sent
        self.status = status


class ModelTimeout(RequestError):
    """No answer came in time."""


class DownloadError(ModelError):
    """A model's file could not be fetched."""


class ServerError(ModelError):
    """A model server could not be started, or ended."""
