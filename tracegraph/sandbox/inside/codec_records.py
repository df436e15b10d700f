"""Dataclasses, named tuples and enums in the codec: by value, rebuilt where the class is known."""

from __future__ import annotations

from typing import Any

from .codec import CodecError

_MEMBERS = 1000


def class_name(kind: type) -> str:
    """Return ``module:qualified name``."""
    return f"{kind.__module__}:{kind.__qualname__}"


def tuple_parts(value: Any) -> list[Any]:
    """Return field names and values."""
    return [list(type(value)._fields), list(value)]


def rebuilt(classes: Any, name: str, letter: str, parts: Any) -> Any:
    """Return the value as an instance of the class that is known by that name."""
    kind = _found(classes, name, letter, parts)
    return {"E": _enum, "R": _dataclass, "T": _named_tuple}[letter](kind, parts)


def dataclass_parts(value: Any) -> list[Any]:
    """Return field names, values, and whether it is frozen."""
    import dataclasses

    kind = type(value)
    names = [field.name for field in dataclasses.fields(kind)]
    frozen = bool(kind.__dataclass_params__.frozen)
    return [names, [getattr(value, name) for name in names], frozen]


def enum_parts(value: Any) -> list[Any]:
    """Return name, value, the kind of enum, and all its members."""
    kind = type(value)
    bases = [base for base in kind.__mro__[1:] if base.__module__ == "enum"]
    members = {name: member.value for name, member in kind.__members__.items()}
    if len(members) > _MEMBERS:
        raise CodecError(f"{class_name(kind)} has more than {_MEMBERS} members")
    return [value.name, value.value, bases[0].__name__, members]


def _found(classes: Any, name: str, letter: str, parts: Any) -> Any:
    """Return the class of that name, if it is of that kind."""
    kind = classes.get(name)
    if kind is None:
        # Shipped source defines the class again, in a module that is named otherwise there.
        short = name.partition(":")[2]
        same = [one for full, one in classes.items() if full.partition(":")[2] == short]
        kind = same[0] if len(same) == 1 else None
    if kind is None and hasattr(classes, "stand_in"):
        kind = classes.stand_in(name, letter, parts)
    if kind is None:
        raise CodecError(
            f"the value holds a {name.replace(':', '.')[:200]}, a class that was not passed in; "
            "return plain values instead"
        )
    return kind


def _dataclass(kind: Any, parts: Any) -> Any:
    import dataclasses

    names, values, _ = parts
    if not hasattr(kind, "__dataclass_fields__"):
        raise CodecError(f"{class_name(kind)} is no dataclass")
    if [field.name for field in dataclasses.fields(kind)] != names:
        raise CodecError(f"the fields of {class_name(kind)} differ")
    made = object.__new__(kind)
    for name, value in zip(names, values, strict=True):
        object.__setattr__(made, name, value)
    return made


def _named_tuple(kind: Any, parts: Any) -> Any:
    names, values = parts
    if not issubclass(kind, tuple) or list(getattr(kind, "_fields", ())) != names:
        raise CodecError(f"the fields of {class_name(kind)} differ")
    if len(values) != len(names):
        raise CodecError("a value is missing")
    return tuple.__new__(kind, values)


def _enum(kind: Any, parts: Any) -> Any:
    import enum

    name, value, _, _ = parts
    if not isinstance(kind, enum.EnumMeta):
        raise CodecError(f"{class_name(kind)} is no enum")
    if isinstance(name, str) and name in kind.__members__:
        return kind.__members__[name]
    if issubclass(kind, enum.Flag) and type(value) is int:
        return kind(value)
    raise CodecError(f"{class_name(kind)} has no member {name!r}")
