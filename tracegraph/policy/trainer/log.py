"""What a training measured: one JSON object a line, and events of the run that surrounds it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tracegraph.runs import note

__all__ = ["Log", "read"]


class Log:
    """Appends to a file; what came after the checkpoint that a training goes on from is dropped.

    Inside of a `tracegraph.runs.run_scope` the same is written as events of the run, each called
    ``training`` and what the line is; ``training begun`` tells the step from which it goes on.

    Args:
        path: the file.
        keep: the step of that checkpoint.
        steps: how many are planned.
    """

    def __init__(self, path: Path, keep: int, steps: int) -> None:
        kept = [line for line in read(path) if line["step"] <= keep and line["event"] != "end"]
        self._path = path
        if keep == 0:
            kept = []
        path.write_text("".join(json.dumps(line) + "\n" for line in kept))
        _record("begun", {"step": keep, "steps": steps})

    def write(self, event: str, told: dict[str, Any]) -> None:
        """Append a line."""
        with self._path.open("a") as opened:
            opened.write(json.dumps({"event": event, **told}) + "\n")
        _record(event, told)


def _record(event: str, told: dict[str, Any]) -> None:
    # A loss that is not a number is none in JSON either.
    kept = {
        name: value for name, value in told.items()
        if not isinstance(value, float) or math.isfinite(value)
    }  # fmt: skip
    note(f"training {event}", kept)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines; a last one that was cut off by a kill is left out."""
    if not path.exists():
        return []
    lines = []
    for line in path.read_text().splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines
