"""Stand-ins for packages that are not installed: harmless to import, never silently used."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any, NoReturn

# Always absent: what they do needs a network, some of it as soon as they are imported.
ALWAYS = ("boto3", "easyocr", "playwright", "pydrive")


class AbsentUsed(BaseException):
    """A function needed a package that is not there.

    Not an Exception, because evaluation functions turn those into scores of 0.
    """


class Absent:
    """Any name of an absent package; calling it or working with it raises AbsentUsed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")

    def __getitem__(self, key: object) -> Absent:
        return self

    def __or__(self, other: object) -> Absent:
        return self

    __ror__ = __or__

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return (object,)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise."""
        raise AbsentUsed(self._name.partition(".")[0])

    def __iter__(self) -> NoReturn:
        raise AbsentUsed(self._name.partition(".")[0])

    def __bool__(self) -> NoReturn:
        raise AbsentUsed(self._name.partition(".")[0])


class _AbsentModule(types.ModuleType):
    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self.__name__}.{name}")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a stand-in for each top package of a list, and for all that is below them."""

    def __init__(self, tops: Sequence[str]) -> None:
        self._tops = tops

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a spec for a name that is ours."""
        if name.partition(".")[0] in self._tops:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Return the stand-in."""
        return _AbsentModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing."""


def stand_in(asked: Sequence[str]) -> None:
    """Put stand-ins where packages of a list are missing, and always for those that need a net."""
    tops = [one for one in asked if one in ALWAYS or importlib.util.find_spec(one) is None]
    sys.meta_path.insert(0, Finder(tops))
