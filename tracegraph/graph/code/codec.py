"""Values as JSON text, exactly and without pickles: what goes to learned code and comes back."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from types import SimpleNamespace
from typing import Any

_DEPTH = 100
_TAGS = frozenset({"$t", "$s", "$z", "$b", "$c", "$f", "$d", "$o"})


class CodecError(ValueError):
    """A value cannot travel; the message names its type and where it is."""


def dumps(value: Any) -> str:
    """Return the value as text.

    Raises:
        CodecError: the value, or a part of it, is of a type that cannot travel.
    """
    return json.dumps(_encode(value, "value", _DEPTH), allow_nan=False)


def loads(text: str) -> Any:
    """Return the value of a text that :func:`dumps` wrote; never runs anything in it."""
    try:
        return _decode(json.loads(text), _DEPTH)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CodecError(f"not an encoded value: {error}") from None


def _encode(value: Any, path: str, depth: int) -> Any:
    if depth == 0:
        raise CodecError(f"{path}: nested more than {_DEPTH} deep")
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"$f": repr(value)}
    if kind is list:
        return [_encode(v, f"{path}[{i}]", depth - 1) for i, v in enumerate(value)]
    if kind is dict:
        if all(type(k) is str for k in value) and not _TAGS & value.keys():
            return {k: _encode(v, f"{path}[{k!r}]", depth - 1) for k, v in value.items()}
        pairs = [[_encode(k, f"{path} key", depth - 1), _encode(v, f"{path}[{k!r}]", depth - 1)]
                 for k, v in value.items()]  # fmt: skip
        return {"$d": pairs}
    if kind in (tuple, set, frozenset):
        tag = {tuple: "$t", set: "$s", frozenset: "$z"}[kind]
        return {tag: [_encode(v, f"{path}[{i}]", depth - 1) for i, v in enumerate(value)]}
    if kind in (bytes, bytearray):
        return {"$b": base64.b64encode(value).decode()}
    if kind is complex:
        return {"$c": [_encode(value.real, path, 2), _encode(value.imag, path, 2)]}
    if dataclasses.is_dataclass(value) or kind is SimpleNamespace:
        fields = vars(value) if hasattr(value, "__dict__") else {
            f.name: getattr(value, f.name) for f in dataclasses.fields(value)
        }  # fmt: skip
        return {"$o": {k: _encode(v, f"{path}.{k}", depth - 1) for k, v in fields.items()}}
    if hasattr(value, "tolist") and type(value).__module__ == "numpy":
        return _encode(value.tolist(), path, depth)
    raise CodecError(f"{path} is a {kind.__name__}, which cannot be taken out of the process")


def _decode(value: Any, depth: int) -> Any:
    if depth == 0:
        raise ValueError(f"nested more than {_DEPTH} deep")
    if isinstance(value, list):
        return [_decode(v, depth - 1) for v in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or not _TAGS & value.keys():
        return {k: _decode(v, depth - 1) for k, v in value.items()}
    ((tag, inner),) = value.items()
    if tag == "$f":
        return float(inner)
    if tag == "$b":
        return base64.b64decode(inner)
    if tag == "$d":
        return {_decode(k, depth - 1): _decode(v, depth - 1) for k, v in inner}
    if tag == "$o":
        return SimpleNamespace(**{k: _decode(v, depth - 1) for k, v in inner.items()})
    items = [_decode(v, depth - 1) for v in inner]
    if tag == "$c":
        return complex(*items)
    made: Any = {"$t": tuple, "$s": set, "$z": frozenset}[tag]
    return made(items)
