"""The outputs of one cell as they come from the kernel, bounded here once more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# The kernel bounds what honest code prints; these hold for a kernel that was tampered with.
_MOST, _BYTES = 200, 16_000_000


@dataclass(slots=True)
class Ran:
    """What came of one cell.

    Attributes:
        ended: "idle" when the kernel finished the cell, "timeout", or "died".
        outputs: in the form of nbformat, as plain dicts.
        count: the number that the kernel gave the cell.
        error: ename and evalue; empty when all went well.
        notes: what a reader should be told besides.
    """

    ended: str = "died"
    outputs: list[dict[str, Any]] = field(default_factory=list)
    count: int | None = None
    error: str = ""
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)


class Collector:
    """Takes the iopub messages of one cell."""

    def __init__(self, ran: Ran) -> None:
        self._ran = ran
        self._bytes = 0
        self._dropped = 0

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Add a message."""
        ran = self._ran
        if kind == "execute_input":
            count = content.get("execution_count")
            ran.count = count if isinstance(count, int) else None
        elif kind == "cell_report":
            self._report(content)
        elif kind == "clear_output":
            ran.outputs.clear()
        elif (made := _output(kind, content)) is not None:
            if made["output_type"] == "error":
                ran.error = f"{made['ename']}: {made['evalue']}".removesuffix(": ")
            self._add(made)

    def _add(self, made: dict[str, Any]) -> None:
        self._bytes += len(repr(made))
        if len(self._ran.outputs) >= _MOST or self._bytes > _BYTES:
            self._dropped += 1
            note = f"{self._dropped:,} further outputs were left out"
            if self._dropped > 1:
                self._ran.notes.pop()
            self._ran.notes.append(note)
            return
        last = self._ran.outputs[-1] if self._ran.outputs else None
        if last and made["output_type"] == "stream" and last.get("name") == made["name"]:
            last["text"] += made["text"]
            return
        self._ran.outputs.append(made)

    def _report(self, content: dict[str, Any]) -> None:
        messages = content.get("messages")
        if isinstance(messages, list):
            self._ran.notes += [str(message)[:300] for message in messages[:5]]


def _output(kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
    """Return a message as an output of nbformat; None when it is none. Trusts no type."""
    if kind == "stream":
        name = "stderr" if content.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _text(content.get("text"))}
    if kind == "error":
        lines = content.get("traceback")
        return {
            "output_type": "error",
            "ename": _text(content.get("ename"))[:200],
            "evalue": _text(content.get("evalue"))[:2500],
            "traceback": [_text(line)[:4000] for line in lines[:40]]
            if isinstance(lines, list)
            else [],
        }
    if kind in ("display_data", "execute_result", "update_display_data"):
        data = content.get("data")
        made: dict[str, Any] = {
            "output_type": "execute_result" if kind == "execute_result" else "display_data",
            "data": _bundle(data if isinstance(data, dict) else {}),
            "metadata": {},
        }
        if kind == "execute_result":
            count = content.get("execution_count")
            made["execution_count"] = count if isinstance(count, int) else None
        return made
    return None


def _bundle(data: dict[Any, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for mime in ("text/plain", "image/png", "text/html", "text/markdown", "text/latex"):
        if isinstance(data.get(mime), str):
            kept[mime] = data[mime]
    if isinstance(data.get("application/json"), dict | list):
        kept["application/json"] = data["application/json"]
    return kept or {"text/plain": ""}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
