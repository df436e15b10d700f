"""Values to JSON text for the payload columns, and back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from tracegraph.runs.errors import StoreError


def encode(value: object) -> str:
    """Return `value` as JSON text.

    Dataclasses, pydantic models, mappings, sets and paths are understood.

    Raises:
        StoreError: the value holds something that JSON cannot carry, such as NaN.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
        text.encode()
    except UnicodeEncodeError:
        # A lone surrogate (half an emoji cut by a token limit) survives as an escape.
        return json.dumps(value, ensure_ascii=True, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"a payload of type {type(value).__name__} cannot be stored as JSON ({error}); "
            "pass plain numbers, strings, lists and dicts"
        ) from error
    return text


def decode(text: str | None) -> Any:
    """Return the value of a payload column; a NULL column gives None."""
    return None if text is None else json.loads(text)


def safe_text(value: str | None) -> str | None:
    """Return `value` with what UTF-8 cannot hold replaced, so that SQLite takes it."""
    return None if value is None else value.encode("utf-8", "replace").decode()


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
