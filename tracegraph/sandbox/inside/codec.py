"""Values as bytes, exactly and without pickles: what goes into a sandbox and what comes back.

One tag byte, then the content; containers nest. Encoding looks at exact types only, so that a
subclass with other behaviour is an error and never silently becomes its base. Decoding trusts
nothing: every length is checked against what is there, nothing is imported by a name that the
bytes hold, and no method of a foreign class runs. Rarer types are in codec_library.py.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEEPEST = 100
LARGEST = 1 << 30
# A value that holds the same part again and again is written out; this bounds the time.
_MOST_ITEMS = 10_000_000
# From this length on, a list of one kind of number travels as one block.
_BLOCK = 16
# More keys than this with one hash are an attack on the receiver's time.
_COLLISIONS = 32

_LENGTH = struct.Struct("<BI")
_INT = struct.Struct("<Bq")
_FLOAT = struct.Struct("<Bd")
_COMPLEX = struct.Struct("<Bdd")
_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_F64 = struct.Struct("<d")
_F64_2 = struct.Struct("<dd")


class CodecError(ValueError):
    """A value that cannot cross, or bytes that are no value."""


class TooLarge(CodecError):
    """More bytes or items than are allowed."""


class Writer:
    """Collects the pieces of one value, and the foreign classes that were met."""

    __slots__ = ("classes", "items", "left", "pieces", "put")

    def __init__(self, largest: int, classes: dict[str, type] | None) -> None:
        self.pieces: list[bytes] = []
        self.put = self.pieces.append
        self.left = largest
        self.items = _MOST_ITEMS
        self.classes = classes

    def sized(self, tag: int, content: bytes) -> None:
        """Put a tag, a length and that many bytes."""
        length = len(content)
        self.left -= length + 5
        if self.left < 0:
            raise TooLarge("the value is too large")
        self.put(_LENGTH.pack(tag, length))
        self.put(content)

    def begin(self, tag: int, count: int, depth: int) -> None:
        """Put a tag and a number of items."""
        self.left -= 5 + count
        self.items -= count
        if self.left < 0 or self.items < 0:
            raise TooLarge("the value is too large")
        if depth > DEEPEST:
            raise CodecError(f"the value nests deeper than {DEEPEST} levels (or contains itself)")
        self.put(_LENGTH.pack(tag, count))

    def value(self, value: Any, depth: int) -> None:
        """Put any value."""
        encode = _ENCODERS.get(type(value))
        if encode is None:
            from . import codec_library

            encode = codec_library.encoder(type(value))
        encode(value, self, depth)


def dumps(value: Any, *, largest: int = LARGEST, classes: dict[str, type] | None = None) -> bytes:
    """Return the bytes of a value.

    ``classes`` is filled with the dataclasses, named tuples and enums that it holds, for loads().
    Raises CodecError with the type and the place of what cannot cross.
    """
    writer = Writer(largest, classes)
    try:
        writer.value(value, 1)
    except TooLarge as error:
        raise CodecError(f"{error}: at most {largest} bytes can cross") from None
    except CodecError as error:
        from . import codec_library

        raise CodecError(codec_library.located(value, str(error))) from None
    return b"".join(writer.pieces)


def _none(value: None, writer: Writer, depth: int) -> None:
    writer.put(b"N")


def _bool(value: bool, writer: Writer, depth: int) -> None:
    writer.put(b"T" if value else b"F")


def _int(value: int, writer: Writer, depth: int) -> None:
    if -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        writer.put(_INT.pack(105, value))
    else:
        writer.sized(73, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))


def _float(value: float, writer: Writer, depth: int) -> None:
    writer.put(_FLOAT.pack(100, value))


def _complex(value: complex, writer: Writer, depth: int) -> None:
    writer.put(_COMPLEX.pack(99, value.real, value.imag))


def _str(value: str, writer: Writer, depth: int) -> None:
    writer.sized(115, value.encode("utf-8", "surrogatepass"))


def _bytes(value: bytes, writer: Writer, depth: int) -> None:
    writer.sized(98, value)


def _bytearray(value: bytearray, writer: Writer, depth: int) -> None:
    writer.sized(66, bytes(value))


def _items(tag: int) -> Callable[[Iterable[Any], Writer, int], None]:
    def encode(values: Any, writer: Writer, depth: int) -> None:
        writer.begin(tag, len(values), depth)
        depth += 1
        for value in values:
            writer.value(value, depth)

    return encode


def _list(values: list[Any], writer: Writer, depth: int) -> None:
    count = len(values)
    if count >= _BLOCK:
        kinds = set(map(type, values))
        if len(kinds) == 1:
            kind = kinds.pop()
            code = "d" if kind is float else "q" if kind is int else ""
            if code:
                try:
                    block = struct.pack(f"<{count}{code}", *values)
                except struct.error:  # an integer of more than 64 bits
                    pass
                else:
                    writer.sized(88 if code == "d" else 89, block)
                    return
    _plain_list(values, writer, depth)


def _dict(values: dict[Any, Any], writer: Writer, depth: int) -> None:
    writer.begin(123, len(values), depth)
    depth += 1
    for key, value in values.items():
        writer.value(key, depth)
        writer.value(value, depth)


def _range(value: range, writer: Writer, depth: int) -> None:
    writer.begin(114, 3, depth)
    for part in (value.start, value.stop, value.step):
        _int(part, writer, depth)


def _slice(value: slice, writer: Writer, depth: int) -> None:
    writer.begin(108, 3, depth)
    for part in (value.start, value.stop, value.step):
        writer.value(part, depth + 1)


def _ellipsis(value: Any, writer: Writer, depth: int) -> None:
    writer.put(b".")


_plain_list = _items(91)
_ENCODERS: dict[type, Callable[[Any, Writer, int], None]] = {
    type(None): _none,
    bool: _bool,
    int: _int,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: _bytes,
    bytearray: _bytearray,
    list: _list,
    tuple: _items(40),
    set: _items(60),
    frozenset: _items(62),
    dict: _dict,
    range: _range,
    slice: _slice,
    type(...): _ellipsis,
}


class Reader:
    """Reads one value from bytes that may be hostile."""

    __slots__ = ("at", "classes", "data", "end")

    def __init__(self, data: bytes, classes: Any) -> None:
        self.data = data
        self.at = 0
        self.end = len(data)
        self.classes = classes

    def value(self, depth: int) -> Any:
        """Take the next value."""
        tag = self.data[self.at]
        self.at += 1
        return _DECODERS[tag](self, depth)

    def length(self) -> int:
        """Take a length that is not more than what is left."""
        (length,) = _U32.unpack_from(self.data, self.at)
        self.at += 4
        if length > self.end - self.at:
            raise CodecError("a length is beyond the end")
        return int(length)

    def sized(self) -> bytes:
        """Take a length and that many bytes."""
        length = self.length()
        start = self.at
        self.at = start + length
        return self.data[start : self.at]

    def count(self, depth: int) -> int:
        """Take a number of items, each of which has at least one byte."""
        if depth > DEEPEST:
            raise CodecError(f"deeper than {DEEPEST} levels")
        return self.length()

    def text(self) -> str:
        """Take a text that has no tag of its own."""
        return self.sized().decode("utf-8", "surrogatepass")


def loads(data: bytes, *, classes: Any = None) -> Any:
    """Return the value; raises CodecError for anything that is not one.

    ``classes`` maps ``module:qualified name`` to the classes that may be rebuilt; without it, and
    for other names, a record of a class is an error that names it.
    """
    reader = Reader(data, {} if classes is None else classes)
    try:
        value = reader.value(1)
    except CodecError:
        raise
    except (
        ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
        struct.error,
    ) as error:  # fmt: skip
        raise CodecError(f"the bytes are no value ({type(error).__name__}: {error})") from None
    if reader.at != reader.end:
        raise CodecError("something follows the value")
    return value


def _read_number(layout: struct.Struct) -> Callable[[Reader, int], Any]:
    size, unpack = layout.size, layout.unpack_from

    def decode(reader: Reader, depth: int) -> Any:
        (value,) = unpack(reader.data, reader.at)
        reader.at += size
        return value

    return decode


def _read_complex(reader: Reader, depth: int) -> complex:
    real, imaginary = _F64_2.unpack_from(reader.data, reader.at)
    reader.at += 16
    return complex(real, imaginary)


def _read_items(make: Any) -> Callable[[Reader, int], Any]:
    def decode(reader: Reader, depth: int) -> Any:
        count = reader.count(depth)
        depth += 1
        value = reader.value
        items = [value(depth) for _ in range(count)]
        return items if make is list else make(items)

    return decode


def _read_set(make: Any) -> Callable[[Reader, int], Any]:
    read = _read_items(list)

    def decode(reader: Reader, depth: int) -> Any:
        items = read(reader, depth)
        spread(items)
        return make(items)

    return decode


def _read_dict(reader: Reader, depth: int) -> dict[Any, Any]:
    count = reader.count(depth)
    depth += 1
    value = reader.value
    pairs = [(value(depth), value(depth)) for _ in range(count)]
    if count > _COLLISIONS:
        spread([key for key, _ in pairs])
    return dict(pairs)


def _read_block(code: str) -> Callable[[Reader, int], list[Any]]:
    def decode(reader: Reader, depth: int) -> list[Any]:
        block = reader.sized()
        return list(struct.unpack(f"<{len(block) // 8}{code}", block))

    return decode


def _read_range(reader: Reader, depth: int) -> range:
    return range(*_three(reader, depth, int))


def _read_slice(reader: Reader, depth: int) -> slice:
    return slice(*_three(reader, depth, object))


def _three(reader: Reader, depth: int, kind: type) -> list[Any]:
    if reader.count(depth) != 3:
        raise CodecError("it has not three parts")
    parts = [reader.value(depth + 1) for _ in range(3)]
    if not all(isinstance(part, kind) for part in parts):
        raise CodecError("its parts are of another type")
    return parts


def spread(keys: list[Any]) -> None:
    """Refuse keys that were chosen to have one hash, which would make a dict or set very slow."""
    if len(keys) <= _COLLISIONS:
        return
    counts: dict[int, int] = {}
    for key in keys:
        hashed = hash(key)
        count = counts[hashed] = counts.get(hashed, 0) + 1
        if count > _COLLISIONS:
            raise CodecError("too many keys have the same hash")


def _library(reader: Reader, depth: int) -> Any:
    from . import codec_library

    return codec_library.decode(reader, depth)


def _unknown(reader: Reader, depth: int) -> Any:
    raise CodecError(f"there is no tag {reader.data[reader.at - 1]}")


def _decoders() -> list[Callable[[Reader, int], Any]]:
    known: dict[str, Callable[[Reader, int], Any]] = {
        "N": lambda reader, depth: None,
        "T": lambda reader, depth: True,
        "F": lambda reader, depth: False,
        ".": lambda reader, depth: ...,
        "i": _read_number(_I64),
        "I": lambda reader, depth: int.from_bytes(reader.sized(), "little", signed=True),
        "d": _read_number(_F64),
        "c": _read_complex,
        "s": lambda reader, depth: reader.text(),
        "b": lambda reader, depth: reader.sized(),
        "B": lambda reader, depth: bytearray(reader.sized()),
        "[": _read_items(list),
        "(": _read_items(tuple),
        "<": _read_set(set),
        ">": _read_set(frozenset),
        "{": _read_dict,
        "X": _read_block("d"),
        "Y": _read_block("q"),
        "r": _read_range,
        "l": _read_slice,
        "@": _library,
    }
    return [known.get(chr(tag), _unknown) for tag in range(256)]


_DECODERS = _decoders()
