"""What the model reads: the outputs of a cell as text of bounded length, and its figures."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from tracegraph.envs.notebook.outputs import Ran
from tracegraph.envs.notebook.task import NO_OUTPUT, Figure

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-Z\\-_]")
_LEFT_OUT = re.compile(r"… ([\d,]{1,20}) characters left out …")
_PNG = b"\x89PNG\r\n\x1a\n"


def figures(ran: Ran) -> tuple[Figure, ...]:
    """Return the pictures of a cell."""
    found = []
    for output in ran.outputs:
        data = output.get("data", {})
        png = png_of(data)
        if png:
            found.append(Figure(png, str(data.get("text/plain", "a picture"))[:2000]))
    return tuple(found)


def png_of(data: dict[str, Any]) -> bytes:
    """Return the PNG of a MIME bundle; empty when there is none or it is something else."""
    try:
        png = base64.b64decode(data.get("image/png", ""))
    except (binascii.Error, ValueError, TypeError):
        return b""
    return png if png.startswith(_PNG) else b""


def describe(ran: Ran, note: str, most: int) -> str:
    """Return the outputs of a cell as text, then what else a reader should know."""
    parts: list[str] = []
    pictures = 0
    for output in ran.outputs:
        kind = output["output_type"]
        if kind == "stream":
            parts.append(output["text"])
        elif kind == "error":
            parts.append("\n".join(output["traceback"]))
        else:
            data = output["data"]
            text = str(data.get("text/plain") or data.get("text/markdown") or "")
            if png_of(data):
                pictures += 1
                text = f"[figure {pictures}: {text}]"
            parts.append(text)
    text = "\n".join(plain(part).rstrip("\n") for part in parts if part)
    notes = [*ran.notes, *([note] if note else [])]
    last = "".join(f"\n[{note}]" for note in notes)[:2000]
    return (cut(text, max(200, most - len(last))) + last).lstrip("\n") or NO_OUTPUT


def plain(text: str) -> str:
    """Return text without colours, and without what a progress bar has overwritten."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return text


def cut(text: str, most: int) -> str:
    """Return both ends of a text that is too long, and how much is missing between them."""
    if len(text) <= most:
        return text
    room = most - 50
    head, tail = room * 3 // 5, room - room * 3 // 5
    middle = text[head:-tail]
    # What the kernel had left out before, where it says so within what is left out now.
    before = sum(int(number.replace(",", "")) for number in _LEFT_OUT.findall(middle))
    return f"{text[:head]}\n… {len(middle) + before:,} characters left out …\n{text[-tail:]}"
