"""What an environment offers to an MCP client, without anything of the protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tool answers.

    Attributes:
        text: for the model to read.
        pictures: PNG files.
        failed: whether the call could not be carried out; a program that raises has not failed.
    """

    text: str
    pictures: tuple[bytes, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its name, what it does, the JSON schema of its arguments, and who carries it out."""

    name: str
    about: str
    arguments: Mapping[str, Any]
    call: Callable[..., Awaitable[Shown]]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of a call: an object; properties without a default are required."""
        return {
            "type": "object",
            "properties": dict(self.arguments),
            "required": [name for name, each in self.arguments.items() if "default" not in each],
            "additionalProperties": False,
        }


class Toolbox(Protocol):
    """The tools of one environment; they can be listed before it is open."""

    instructions: str

    @property
    def tools(self) -> Sequence[Tool]:
        """The tools, in the order in which they are listed."""

    async def open(self) -> None:
        """Start the environment. Raises TracegraphError with what to install."""

    async def close(self) -> None:
        """End everything that was started; also after a failed or interrupted ``open``."""
