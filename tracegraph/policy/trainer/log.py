"""What a training measured, one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Log:
    """Appends to a file; what came after the checkpoint that a training goes on from is dropped.

    Args:
        path: the file.
        keep: the step of that checkpoint.
    """

    def __init__(self, path: Path, keep: int) -> None:
        kept = [line for line in read(path) if line["step"] <= keep and line["event"] != "end"]
        self._path = path
        if keep == 0:
            kept = []
        path.write_text("".join(json.dumps(line) + "\n" for line in kept))

    def write(self, event: str, told: dict[str, Any]) -> None:
        """Append a line."""
        with self._path.open("a") as opened:
            opened.write(json.dumps({"event": event, **told}) + "\n")


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
