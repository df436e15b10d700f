"""How guides show values to an optimizer: briefly."""

from __future__ import annotations

import json
from typing import Any

from tracegraph.training.guide import Judgement

_SHOWN = 200


def quoted(value: Any, limit: int = _SHOWN) -> str:
    """Return a value as it would be written, its middle left out when it is long."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3
    return f"{text[:head]} … {text[-tail:]} ({len(text)} characters)"


def compared(right: bool, expected: Any, output: Any) -> Judgement:
    """Return 1 or 0 with what was expected and what came."""
    if right:
        return Judgement(1.0, f"Correct: {quoted(output)}.")
    return Judgement(0.0, f"Wrong: expected {quoted(expected)}, got {quoted(output)}.")
