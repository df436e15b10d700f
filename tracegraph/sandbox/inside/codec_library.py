"""The codec's rarer types: of the standard library, of numpy, and classes by value.

On the wire each is ``@``, a letter, and plain values. Modules are imported only by the names
that stand here.
"""

from __future__ import annotations

import re
import struct
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import codec_records
from .codec import CodecError
from .codec_records import class_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .codec import Reader, Writer

# A greatest common divisor of larger numbers takes noticeable time.
_FRACTION_BITS = 1 << 17
_DECIMAL_DIGITS = 1 << 16
_SHOWN = 60

_DTYPE = re.compile(r"[<>|]([biufcSUV]\d{1,6}|[mM]8(\[\d{0,4}[A-Za-z]{1,2}\])?)\Z")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,3}\Z")


def encoder(kind: type) -> Callable[[Any, Writer, int], None]:
    """Return the function that encodes a type; raises CodecError when it cannot cross."""
    for letter, (module, name, plain, _) in _PLAIN.items():
        loaded = sys.modules.get(module)
        if loaded is not None and getattr(loaded, name, None) is kind:
            return _plain_encoder(letter, plain)
    if kind is SimpleNamespace:
        return _plain_encoder("s", lambda value: dict(vars(value)))
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind is numpy.ndarray:
        return _plain_encoder("a", _array_parts)
    if numpy is not None and issubclass(kind, numpy.generic):
        return _plain_encoder("A", _array_parts)
    enums = sys.modules.get("enum")
    if enums is not None and isinstance(kind, enums.EnumMeta):
        return _record_encoder("E", codec_records.enum_parts)
    if hasattr(kind, "__dataclass_fields__"):
        return _record_encoder("R", codec_records.dataclass_parts)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _record_encoder("T", codec_records.tuple_parts)
    raise CodecError(_cannot(kind))


def _cannot(kind: type) -> str:
    name = class_name(kind).replace(":", ".")
    return f"a value of type {name} cannot cross into or out of a sandbox"


def decode(reader: Reader, depth: int) -> Any:
    """Take what follows ``@``."""
    letter = chr(reader.data[reader.at])
    reader.at += 1
    if letter in _PLAIN:
        module, name, _, make = _PLAIN[letter]
        return make(getattr(_imported(module), name), reader.value(depth + 1))
    if letter == "s":
        return SimpleNamespace(**_fields(reader.value(depth + 1)))
    if letter in "aA":
        return _array(letter, reader.value(depth + 1))
    if letter in "ERT":
        name = reader.text()
        parts = reader.value(depth + 1)
        return codec_records.rebuilt(reader.classes, name, letter, parts)
    raise CodecError(f"there is no tag @{letter}")


def _imported(module: str) -> Any:
    import importlib

    return importlib.import_module(module)


def _plain_encoder(letter: str, plain: Callable[[Any], Any]) -> Callable[[Any, Writer, int], None]:
    head = b"@" + letter.encode()

    def encode(value: Any, writer: Writer, depth: int) -> None:
        writer.put(head)
        writer.value(plain(value), depth + 1)

    return encode


def _record_encoder(letter: str, parts: Callable[[Any], Any]) -> Callable[[Any, Writer, int], None]:
    head = b"@" + letter.encode()

    def encode(value: Any, writer: Writer, depth: int) -> None:
        name = class_name(type(value))
        if writer.classes is not None:
            writer.classes[name] = type(value)
        encoded = name.encode("utf-8", "surrogatepass")
        writer.put(head + struct.pack("<I", len(encoded)) + encoded)
        writer.value(parts(value), depth + 1)

    return encode


# Times.


def _clock(value: Any) -> tuple[Any, ...]:
    zone = _zone_text(value.tzinfo)
    return value.hour, value.minute, value.second, value.microsecond, zone, value.fold


def _zone_text(zone: Any) -> Any:
    import datetime

    if zone is None or type(zone).__module__ == "zoneinfo":
        key = None if zone is None else zone.key
        if zone is not None and (not key or not _ZONE.match(key)):
            raise CodecError(f"the time zone {zone!r} has no name that can cross")
        return key
    if type(zone) is not datetime.timezone:
        raise CodecError(_cannot(type(zone)))
    offset = zone.utcoffset(None)
    # Its name, when it was given one.
    (*_, name) = (*zone.__getinitargs__(), None)[:2]  # type: ignore[attr-defined]
    return (offset.days, offset.seconds, offset.microseconds, name)


def _zone(told: Any) -> Any:
    import datetime

    if told is None:
        return None
    if isinstance(told, str):
        if not _ZONE.match(told):
            raise CodecError(f"{told[:_SHOWN]!r} is no time zone")
        return _imported("zoneinfo").ZoneInfo(told)
    offset = datetime.timedelta(*_ints(told[:3], 3))
    if told[3] is None:
        return datetime.UTC if not offset else datetime.timezone(offset)
    return datetime.timezone(offset, told[3])


# Checks on what came.


def _ints(parts: Any, count: int) -> list[int]:
    if len(parts) != count or not all(type(part) is int for part in parts):
        raise CodecError("whole numbers were expected")
    return list(parts)


def _short(text: Any, most: int) -> str:
    if not isinstance(text, str) or len(text) > most:
        raise CodecError("a shorter text was expected")
    return text


def _modest(parts: Any) -> list[int]:
    numbers = _ints(parts, 2)
    if any(number.bit_length() > _FRACTION_BITS for number in numbers):
        raise CodecError("the fraction is too large")
    return numbers


def _fields(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told):
        raise CodecError("fields by name were expected")
    return told


def _counter(cls: Any, told: Any) -> Any:
    made = cls()
    dict.update(made, _fields_of_any(told))
    return made


def _fields_of_any(told: Any) -> dict[Any, Any]:
    if not isinstance(told, dict):
        raise CodecError("a dict was expected")
    return told


# Letter -> (module, class, value -> plain value, plain value -> value)
_PLAIN: dict[str, tuple[str, str, Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "D": (
        "datetime", "date",
        lambda v: (v.year, v.month, v.day),
        lambda cls, p: cls(*_ints(p, 3)),
    ),
    "M": (
        "datetime", "datetime",
        lambda v: (v.year, v.month, v.day, *_clock(v)),
        lambda cls, p: cls(*_ints(p[:3], 3), *_ints(p[3:7], 4), _zone(p[7]), fold=p[8]),
    ),
    "m": (
        "datetime", "time",
        lambda v: tuple(_clock(v)),
        lambda cls, p: cls(*_ints(p[:4], 4), _zone(p[4]), fold=p[5]),
    ),
    "d": (
        "datetime", "timedelta",
        lambda v: (v.days, v.seconds, v.microseconds),
        lambda cls, p: cls(*_ints(p, 3)),
    ),
    "z": (
        "datetime", "timezone",
        _zone_text,
        lambda cls, p: _zone(p),
    ),
    "Z": (
        "zoneinfo", "ZoneInfo",
        _zone_text,
        lambda cls, p: _zone(p),
    ),
    "n": (
        "decimal", "Decimal",
        str,
        lambda cls, p: cls(_short(p, _DECIMAL_DIGITS)),
    ),
    "f": (
        "fractions", "Fraction",
        lambda v: (v.numerator, v.denominator),
        lambda cls, p: cls(*_modest(p)),
    ),
    "p": (
        "pathlib", "PosixPath", str, lambda cls, p: cls(_short(p, 1 << 16)),
    ),
    "q": (
        "pathlib", "PurePosixPath", str, lambda cls, p: cls(_short(p, 1 << 16)),
    ),
    "w": (
        "pathlib", "PureWindowsPath", str, lambda cls, p: cls(_short(p, 1 << 16)),
    ),
    "u": (
        "uuid", "UUID", lambda v: v.bytes, lambda cls, p: cls(bytes=p),
    ),
    "e": (
        "collections", "deque",
        lambda v: (list(v), v.maxlen),
        lambda cls, p: cls(p[0], p[1]),
    ),
    "o": (
        "collections", "OrderedDict",
        lambda v: list(v.items()),
        lambda cls, p: cls(dict(p)),
    ),
    "C": (
        "collections", "Counter",
        dict,
        _counter,
    ),
}  # fmt: skip


# numpy.


def _array_parts(value: Any) -> tuple[str, tuple[int, ...], str, bytes]:
    kind = value.dtype.str
    if value.dtype.hasobject or value.dtype.names or not _DTYPE.match(kind):
        raise CodecError(f"an array of {value.dtype} cannot cross into or out of a sandbox")
    fortran = value.ndim > 1 and value.flags.f_contiguous and not value.flags.c_contiguous
    order = "F" if fortran else "C"
    return kind, value.shape, order, value.tobytes(order=order)


def _array(letter: str, parts: Any) -> Any:
    kind, shape, order, content = parts
    if not _DTYPE.match(_short(kind, 20)) or order not in ("C", "F") or type(content) is not bytes:
        raise CodecError("it is no array")
    try:
        import numpy
    except ImportError:
        raise CodecError("the value is an array and numpy is not installed here") from None
    dtype = numpy.dtype(kind)
    size = dtype.itemsize
    for length in _ints(shape, len(shape)):
        if length < 0:
            raise CodecError("an array has a negative length")
        size *= length
    if size != len(content) or len(shape) > 32:
        raise CodecError("an array has not the size of its content")
    flat = numpy.frombuffer(content, dtype) if size else numpy.zeros(0, dtype)
    made = flat.reshape(shape, order=order).copy(order=order)
    return made[()] if letter == "A" else made


# Where a value cannot cross.


def located(value: Any, what: str) -> str:
    """Return the message with the place of the first part that cannot be encoded."""
    place = ""
    for _ in range(20):
        for step, part in _parts(value):
            try:
                dumps_quietly(part)
            except CodecError as error:
                place, value, what = place + step, part, str(error)
                break
        else:
            break
    return f"{what} (at {place})" if place else what


def dumps_quietly(value: Any) -> bytes:
    """Encode without looking for the place."""
    from .codec import LARGEST, Writer

    writer = Writer(LARGEST, None)
    writer.value(value, 1)
    return b""


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            shown = repr(key)[:_SHOWN]
            yield f"[key {shown}]", key
            yield f"[{shown}]", part
    elif isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            yield f"[{number}]", part
    elif isinstance(value, (set, frozenset)):
        for part in value:
            yield f"{{{repr(part)[:_SHOWN]}}}", part
    elif hasattr(type(value), "__dataclass_fields__"):
        for name in type(value).__dataclass_fields__:
            if hasattr(value, name):
                yield f".{name}", getattr(value, name)
    elif isinstance(value, SimpleNamespace):
        for name, part in vars(value).items():
            yield f".{name}", part


__all__ = ["class_name", "decode", "encoder", "located"]
