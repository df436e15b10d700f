"""What stands for a value that was stored without being JSON: its type's name and its looks."""

from __future__ import annotations

from typing import ClassVar, Self

from tracegraph.graph.containers import NodeContainer


class Stored:
    """A value of which the repr and the type's name were kept, and nothing else."""

    __slots__ = ("text",)
    stored_type: ClassVar[str] = "object"

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def named(cls, name: str, shown: bool) -> type[Self]:
        """Return a type that is called as the value's own was."""
        return type(_last(name), (cls,), {"__slots__": (), "stored_type": name})

    def __repr__(self) -> str:
        return self.text


class StoredFields(NodeContainer):
    """A dataclass or container whose fields hold nodes; ``shown`` when it had a repr."""

    stored_type: ClassVar[str] = "object"
    stored_shown: ClassVar[bool] = True

    @classmethod
    def named(cls, name: str, shown: bool) -> type[Self]:
        """Return a type that is called as the object's own was."""
        return type(_last(name), (cls,), {"stored_type": name, "stored_shown": shown})

    def __repr__(self) -> str:
        name = type(self).__name__
        if not self.stored_shown:
            return f"<{name}>"
        # As dataclasses write themselves: with the qualified name.
        return f"{name}({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1].replace("\0", "") or "object"
