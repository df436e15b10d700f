"""The codec is exact for what it takes, clear about what it does not, and safe to decode."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import math
import pathlib
import struct
import time
import types
import uuid
import zoneinfo
from collections import Counter, OrderedDict, deque, namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracegraph.sandbox.codec import CodecError, dumps, loads


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    x: int
    rest: list[Any]


@dataclasses.dataclass
class Loud:
    x: int

    def __post_init__(self) -> None:
        raise AssertionError("constructed")


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Flags(enum.Flag):
    A = 1
    B = 2


Pair = namedtuple("Pair", "left right")

SAMPLES = [
    None, True, False, 0, -1, 2**63, -(2**63), -(2**63) - 1, 2**14000, 1.5, -0.0, math.inf,
    2 - 1j, "", "é\ud800", "\ud83d\ude00", b"", b"x", bytearray(b"y"), [], [1, "a"], (), (1, (2,)),
    {1, "a"}, frozenset({None}), {(1, 2): {3: 4}}, list(range(100)), [1.0] * 50, [2**70] * 20,
    [True] * 20, range(3, 9, 2), slice(1, None, 2), ..., dt.date(1, 1, 1),
    dt.datetime(2020, 2, 29, 1, 2, 3, 4), dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2020, 10, 25, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"), fold=1),
    dt.time(1, 2, fold=1), dt.timedelta(-1, 3, 7), dt.timezone(dt.timedelta(hours=1), "X"),
    dt.timezone(dt.timedelta(hours=-3)), decimal.Decimal("-0.10"), decimal.Decimal("sNaN12"),
    decimal.Decimal("1E+99999"), fractions.Fraction(-1, 3), pathlib.Path("/a/b"),
    pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("c:\\x"), uuid.UUID(int=5),
    deque([1, 2], 3), Counter("aab"), OrderedDict(b=1, a=2), types.SimpleNamespace(a=[1]),
    np.float64(1.5), np.int8(3), np.bool_(True), np.datetime64("2020-01-01"), np.str_("x"),
    Point(1, [Level.LOW]), Level.HIGH, Flags.A | Flags.B, Flags(0), Pair(1, "b"),
]  # fmt: skip


@pytest.mark.parametrize("value", SAMPLES, ids=lambda v: type(v).__name__)
def test_round_trip_is_exact(value: Any) -> None:
    classes: dict[str, type] = {}
    back = loads(dumps(value, classes=classes), classes=classes)
    assert type(back) is type(value)
    assert repr(back) == repr(value)


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.arange(6).reshape(2, 3).T,
    np.zeros((0, 3), np.float32),
    np.array(5, np.uint16),
    np.array(["a", "bcd"]),
    np.array([b"a"]),
    np.array([1 + 2j], np.complex64),
    np.array(["2020-01-01", "NaT"], "M8[D]"),
    np.array([True, False]),
    np.arange(4, dtype=">i4"),
    np.arange(20)[::3],
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays_keep_type_shape_and_order(array: np.ndarray[Any, Any]) -> None:
    back = loads(dumps(array))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable
    if array.flags.c_contiguous or array.flags.f_contiguous:
        assert back.flags.f_contiguous == array.flags.f_contiguous


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.complex_numbers()
    | st.text(st.characters(codec=None)) | st.decimals() | st.fractions() | st.dates()
    | st.datetimes(timezones=st.none() | st.just(dt.UTC)) | st.timedeltas() | st.uuids(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple)
    | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers(), st.text()), inner)
    | st.sets(st.integers() | st.text()) | st.frozensets(st.integers()),
    max_leaves=25,
)  # fmt: skip


def same(a: Any, b: Any) -> bool:
    """Equal in type and content at every depth; the order of a set is not part of it."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(map(same, a.items(), b.items()))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b if isinstance(a, (set, frozenset)) else repr(a) == repr(b)


@given(values)
@settings(max_examples=300)
def test_any_value_comes_back(value: Any) -> None:
    assert same(loads(dumps(value)), value)


@given(st.binary(max_size=300))
@settings(max_examples=1500)
def test_hostile_bytes_are_refused_or_are_values(data: bytes) -> None:
    try:
        value = loads(data)
    except CodecError:
        return
    # What was taken is an ordinary value, which can be sent again.
    dumps(value)


@given(values, st.data())
@settings(max_examples=500)
def test_damaged_bytes_are_refused_or_are_values(value: Any, data: st.DataObject) -> None:
    good = bytearray(dumps([value, Point(1, []), np.arange(3), Level.LOW]))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    for attempt in (bytes(good), bytes(good[:cut])):
        with contextlib.suppress(CodecError):
            loads(attempt, classes={f"{__name__}:Point": Point, f"{__name__}:Level": Level})


def test_a_small_message_cannot_make_a_large_value() -> None:
    huge = b"[" + struct.pack("<I", 1 << 31)
    for data in (huge, b"b" + struct.pack("<I", 1 << 30), b"I" + struct.pack("<I", 1 << 30) + b"x"):
        with pytest.raises(CodecError):
            loads(data)
    with pytest.raises(CodecError):
        loads(b"[\x01\x00\x00\x00" * 5000 + b"N")


def test_many_keys_with_one_hash_are_refused_in_time() -> None:
    modulus = (1 << 61) - 1
    keys = [n * modulus for n in range(1, 20_000)]
    hostile = b"<" + dumps(keys)[1:]
    begin = time.monotonic()
    with pytest.raises(CodecError):
        loads(hostile)
    assert time.monotonic() - begin < 2
    assert loads(dumps(set(range(20_000)))) == set(range(20_000))


def test_a_large_fraction_is_refused_in_time() -> None:
    good = dumps(fractions.Fraction(1, 3))
    parts = dumps((3**400_000, 7**400_000))
    begin = time.monotonic()
    with pytest.raises(CodecError):
        loads(good[:2] + parts)
    assert time.monotonic() - begin < 1


class Sub(int):
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (object(), "builtins.object"),
        ([1, {"a": (1, open)}], "at [1]['a'][1]"),
        (Point(1, [len]), "at .rest[0]"),
        (Sub(3), "Sub"),
        (np.array([object()]), "object"),
        (np.ma.masked_array([1]), "MaskedArray"),
        (types.SimpleNamespace(a=print), "at .a"),
        (lambda: 0, "function"),
    ],
    ids=str,
)
def test_what_cannot_cross_is_named_with_its_place(value: Any, text: str) -> None:
    with pytest.raises(CodecError) as error:
        dumps(value)
    assert text in str(error.value)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(CodecError, match="contains itself"):
        dumps(loop)


def test_size_is_limited() -> None:
    with pytest.raises(CodecError, match="large"):
        dumps("x" * 1000, largest=500)
    doubled: list[Any] = ["x"]
    for _ in range(60):
        doubled = [doubled, doubled]
    with pytest.raises(CodecError, match="large"):
        dumps(doubled, largest=100_000)


def test_foreign_classes_are_rebuilt_only_when_passed_in() -> None:
    data = dumps(Point(1, []))
    with pytest.raises(CodecError, match=r"Point.*not passed in"):
        loads(data)
    assert loads(data, classes={f"{__name__}:Point": Point}) == Point(1, [])
    # A class of another kind, or with other fields, does not stand in.
    for wrong in (Level, Loud, Pair, int):
        with pytest.raises(CodecError):
            loads(data, classes={f"{__name__}:Point": wrong})


def test_no_code_of_a_class_runs_when_it_is_rebuilt() -> None:
    loud = object.__new__(Loud)
    loud.x = 3
    back = loads(dumps(loud), classes={f"{__name__}:Loud": Loud})
    assert (type(back), back.x) == (Loud, 3)


def test_a_name_in_the_bytes_imports_nothing() -> None:
    data = (
        dumps(Point(1, [])).replace(b":Point", b":Popen").replace(__name__.encode(), b"subprocess")
    )
    with pytest.raises(CodecError):
        loads(data)
