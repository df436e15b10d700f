"""What a recorded call did: the function behind a node, described when somebody asks."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BRACKETED = re.compile(r"^\[([^\[\]]+)\]\s*")


class Operation:
    """A function with the name and description under which its calls are recorded.

    Signature, source and documentation are read on demand: recording a call needs none of them.
    """

    __slots__ = (
        "_signature", "_source", "arguments", "description", "fun", "name", "on_nodes", "receiver",
    )  # fmt: skip

    def __init__(
        self,
        fun: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.fun = fun
        # Names for positional arguments, where the signature has none that help.
        self.arguments = arguments
        called: str = name or getattr(fun, "__name__", None) or type(fun).__name__
        if description is not None and (match := _BRACKETED.match(description)):
            called, description = match.group(1), description[match.end() :]
        self.name = called
        self.description: str = description if description is not None else self.doc
        # Whether the first argument is the object of a method: passed and kept as it is.
        self.receiver = False
        # Whether the body works on nodes instead of their values: traceable code.
        self.on_nodes = False
        self._signature: inspect.Signature | None = None
        self._source: str | None = None

    def __repr__(self) -> str:
        return f"<Operation {self.name}>"

    @property
    def doc(self) -> str:
        """The docstring of the function, without indentation."""
        return inspect.cleandoc(getattr(self.fun, "__doc__", None) or "")

    @property
    def signature(self) -> inspect.Signature | None:
        """The signature, or None for a builtin that does not tell it."""
        if self._signature is None:
            try:
                self._signature = inspect.signature(self.fun)
            except (TypeError, ValueError):
                return None
        return self._signature

    @property
    def source(self) -> str:
        """The source as written, decorators included; empty where there is none."""
        if self._source is None:
            try:
                self._source = inspect.cleandoc("\n" + inspect.getsource(self.fun))
            except (TypeError, OSError):
                self._source = ""
        return self._source

    def bind(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, defaults: bool = False
    ) -> dict[str, Any]:
        """Name each argument: ``*args`` become ``args_0``…, ``**kwargs`` keep their keys."""
        if self.arguments and len(args) <= len(self.arguments):
            return dict(zip(self.arguments, args, strict=False)) | dict(kwargs)
        signature = self.signature
        if signature is None:
            return {f"arg_{i}": value for i, value in enumerate(args)} | dict(kwargs)
        bound = signature.bind(*args, **kwargs)
        if defaults:
            given = set(bound.arguments)
            bound.apply_defaults()
            for key in [k for k, v in bound.arguments.items() if v is None and k not in given]:
                del bound.arguments[key]  # a default that says nothing
        named: dict[str, Any] = {}
        for key, value in bound.arguments.items():
            kind = signature.parameters[key].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                named.update({f"{key}_{i}": item for i, item in enumerate(value)})
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named.update(value)
            else:
                named[key] = value
        return named
