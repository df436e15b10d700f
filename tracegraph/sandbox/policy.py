"""What sandboxed code may use: one model, written by hand, as a profile or as TOML."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tracegraph.sandbox.errors import SandboxRefused

MIB, GIB = 1 << 20, 1 << 30
_HOST_PORT = re.compile(r"(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?):(?P<port>\d{1,5})\Z")

Bytes = Annotated[int, Field(gt=0, le=1 << 50)]
Seconds = Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False)]


class Limits(BaseModel):
    """The most that one program, with everything that it starts, may use.

    Attributes:
        seconds: of time; None for no deadline.
        cpu_seconds: of CPU, summed over its processes.
        memory: bytes, summed over its processes. In workers: of one task.
        processes: processes and threads at once.
        output: bytes of standard output and error together.
        disk: bytes in its workspace, home and temporary folders together.
        files: files and folders in them.
        descriptors: open files of one process.
        artifact: bytes of one file that is collected, or of a value that a worker returns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: Seconds | None = 10.0
    cpu_seconds: Seconds = 20.0
    memory: Bytes = GIB
    processes: Annotated[int, Field(gt=0, le=100_000)] = 64
    output: Bytes = MIB
    disk: Bytes = 64 * MIB
    files: Annotated[int, Field(gt=0, le=10_000_000)] = 1000
    descriptors: Annotated[int, Field(ge=16, le=100_000)] = 512
    artifact: Bytes = 16 * MIB

    def changed(self, **changes: Any) -> Limits:
        """Return a copy with some limits changed, checked like new ones."""
        return Limits(**{**self.model_dump(), **changes})


class Policy(BaseModel):
    """What a sandbox shows and allows.

    Attributes:
        limits: for each program.
        network: ``host:port`` pairs that TCP may reach; nothing else is reachable.
        environment: variables that the program sees besides the few that it needs.
        read_only: further files and folders that it may read, at their own paths.
        python: the interpreter for Python source; None: the one that runs tracegraph.
        shared_memory: allow memory that belongs to no process (X servers and browsers need it);
            the watch cannot count all of it.
        layer: ``auto`` takes the best that works here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: Limits = Limits()
    network: tuple[str, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)
    read_only: tuple[Path, ...] = ()
    python: Path | None = None
    shared_memory: bool = False
    layer: Literal["auto", "bubblewrap", "landlock"] = "auto"

    @field_validator("network")
    @classmethod
    def _host_and_port(cls, pairs: tuple[str, ...]) -> tuple[str, ...]:
        for pair in pairs:
            match = _HOST_PORT.match(pair)
            if not match or not 0 < int(match["port"]) < 65536:
                raise ValueError(f"{pair!r} is not host:port, as api.example.org:443")
        return pairs

    @field_validator("environment")
    @classmethod
    def _plain_names(cls, variables: dict[str, str]) -> dict[str, str]:
        for name, value in variables.items():
            if not name or "=" in name or "\0" in name + value:
                raise ValueError(f"{name!r} is no name of an environment variable")
        return variables

    @field_validator("read_only")
    @classmethod
    def _absolute(cls, paths: tuple[Path, ...]) -> tuple[Path, ...]:
        for path in paths:
            if not path.is_absolute() or os.path.normpath(path) == "/":
                raise ValueError(f"{str(path)!r} is not an absolute path below /")
        return paths

    @classmethod
    def load(cls, source: str | os.PathLike[str] | Policy) -> Policy:
        """Return a profile by its name, or read a TOML file.

        A file may start from a profile with ``profile = "notebook"`` and change what it names.
        Raises SandboxRefused when the file is no policy, naming what is wrong.
        """
        if isinstance(source, Policy):
            return source
        if isinstance(source, str) and source in PROFILES:
            return cls(**_profile(source))
        path = Path(source)
        if path.suffix != ".toml":
            raise SandboxRefused(
                f"there is no profile {str(source)!r}; use {', '.join(PROFILES)} or a .toml file"
            )
        try:
            told = tomllib.loads(path.read_text("utf-8"))
            start = _profile(told.pop("profile", "code"))
            start["limits"] = {**start.get("limits", {}), **told.pop("limits", {})}
            return cls(**{**start, **told})
        except (OSError, ValueError, TypeError, ValidationError) as error:
            raise SandboxRefused(f"{path} is no sandbox policy: {error}") from error


def _profile(name: Any) -> dict[str, Any]:
    if name not in PROFILES:
        raise ValueError(f"there is no profile {name!r}; use {', '.join(PROFILES)}")
    return dict(PROFILES[name])


# Limits where a profile differs from the defaults above.
PROFILES: dict[str, dict[str, Any]] = {
    "code": {},
    "notebook": {
        "limits": {
            "seconds": None, "cpu_seconds": 86_400, "memory": 4 * GIB, "processes": 128,
            "output": 16 * MIB, "disk": GIB, "files": 20_000, "descriptors": 1024,
            "artifact": 64 * MIB,
        }
    },
    "solver": {
        "limits": {
            "seconds": 60, "cpu_seconds": 120, "memory": 4 * GIB, "output": 4 * MIB,
            "disk": 256 * MIB,
        }
    },
    "desktop": {
        "limits": {
            "seconds": None, "cpu_seconds": 86_400, "memory": 6 * GIB, "processes": 1024,
            "output": 16 * MIB, "disk": 2 * GIB, "files": 50_000, "descriptors": 4096,
            "artifact": 256 * MIB,
        },
        "shared_memory": True,
    },
}  # fmt: skip
