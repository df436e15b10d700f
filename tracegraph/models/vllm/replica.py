"""What is written down about each vLLM server that the pool may use."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from tracegraph.models.paths import private_dir, state_dir
from tracegraph.runs import process_alive


@dataclass(frozen=True, slots=True)
class Replica:
    """A vLLM server: of this machine (with a process), or of another one (`pid` 0).

    `slots` is how many requests it works on well at once. `for_local` says that nobody asked for
    it: it was started to help the embedded model with many calls.
    """

    name: str
    model: str
    url: str
    token: str
    slots: int
    pid: int = 0
    start: str = ""
    loras: dict[str, str] = field(default_factory=dict)
    for_local: bool = False

    @property
    def alive(self) -> bool:
        """Whether its process lives; of other machines' nothing is known, and yes is assumed."""
        return self.pid == 0 or process_alive(self.pid, self.start)

    @property
    def key(self) -> str:
        """The name of its file."""
        return self.url.split("//", 1)[-1].replace(":", "-").replace("/", "_")

    def serves(self, name: str) -> bool:
        """Whether it answers to a model's or an adapter's name."""
        return name == self.name or name in self.loras


def folder() -> Path:
    """Return the folder of what is written down, and of the logs."""
    return private_dir(state_dir() / "vllm")


def write(replica: Replica) -> None:
    """Write a replica down in one step; only the user can read the token in it."""
    path = folder() / f"{replica.key}.json"
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as opened:
        json.dump(dataclasses.asdict(replica), opened)
    partial.replace(path)


def forget(replica: Replica) -> None:
    """Remove what was written down."""
    (folder() / f"{replica.key}.json").unlink(missing_ok=True)


def replicas(name: str | None = None, *, dead: bool = False) -> list[Replica]:
    """Return the replicas that live and serve `name`, or all."""
    found = []
    for path in sorted(folder().glob("*.json")):
        try:
            replica = Replica(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            continue
        if (name is None or replica.serves(name)) and (dead or replica.alive):
            found.append(replica)
    return found
