"""What can go wrong with sandboxed code, as errors that say what to do."""

from __future__ import annotations

from tracegraph.errors import TracegraphError


class SandboxError(TracegraphError):
    """The base of the sandbox's errors."""


class SandboxUnavailable(SandboxError):
    """This machine offers no way of isolation that is good enough."""


class SandboxRefused(SandboxError):
    """What was asked for is not allowed by the policy or cannot cross into the sandbox."""


class SandboxTimeout(SandboxError):
    """The code did not answer in time; its process was killed."""


class SandboxKilled(SandboxError):
    """The code's process ended before it answered.

    Attributes:
        exit_code: its exit code, negative for a signal; None when not known.
    """

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class SandboxMemory(SandboxError):
    """The code used more memory than its limit."""


class SandboxDisk(SandboxError):
    """The code wrote more to its folder than its limit."""


class SandboxOutput(SandboxError):
    """The code printed or returned more than its limit."""


class RemoteError(SandboxError):
    """The code raised an exception.

    Attributes:
        type_name: the name of the exception's class, as ``ValueError``.
        message: its text.
        traceback: as Python prints it, with the lines of the shipped source.
        lines: the line numbers in the shipped source, outermost first.
        stdout: what the code printed before.
    """

    def __init__(
        self, type_name: str, message: str, traceback: str, lines: list[int], stdout: str
    ) -> None:
        super().__init__(f"{type_name}: {message}" if message else type_name)
        self.type_name = type_name
        self.message = message
        self.traceback = traceback
        self.lines = lines
        self.stdout = stdout
