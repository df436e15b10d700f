"""What a run of sandboxed code gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "error", "timeout", "memory", "output", "disk", "killed", "refused"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run used: seconds of time and of CPU, bytes of memory at most, processes at most."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory: int = 0
    processes: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one program.

    Attributes:
        status: ``ok``; ``error``: it ended with another exit code than 0; ``timeout``,
            ``memory``, ``output``, ``disk``: it met that limit; ``killed``: a signal ended it;
            ``refused``: it was not started.
        exit_code: its exit code, negative for a signal; None when it was not started.
        stdout: what it printed; bytes that are no UTF-8 are shown as U+FFFD.
        stderr: likewise.
        artifacts: the files that it made or changed in the workspace, by relative path.
        refused: the files that were not taken, each with the reason.
        detail: one sentence about a status other than ok and error.
    """

    status: Status
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    artifacts: dict[str, bytes] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    detail: str = ""
    usage: Usage = Usage()

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.status == "ok"


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one call in a worker.

    Attributes:
        status: as for Result; ``error``: the function raised, see ``error``.
        value: what the function returned.
        error: the exception's class and text, and its traceback.
        stdout: what was printed meanwhile, on both standard streams.
        seconds: how long the call took, as seen from here.
    """

    status: Status
    value: Any = None
    error: str = ""
    traceback: str = ""
    stdout: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the function returned a value."""
        return self.status == "ok"
