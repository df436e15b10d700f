"""Where a source text says what a parameter starts with."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from tracegraph.graph.code.source import FunctionDef
from tracegraph.training.literals import read
from tracegraph.training.scopes import NotFoundError, Scopes, imports

_PREFIX = "__code_"
_FACTORIES = {"node": ("data", 1), "Parameter": ("value", None), "ParameterNode": ("value", None)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is written: the expression or function, and the call that makes it a node."""

    item: ast.expr | FunctionDef
    call: ast.Call | None = None

    def choices(self) -> list[Any]:
        """Return the values that the call allows, where it writes them down."""
        for keyword in self.call.keywords if self.call else ():
            if keyword.arg == "choices":
                try:
                    return list(read(keyword.value))
                except (ValueError, TypeError):
                    return []
        return []


class Places:
    """The places of one source text.

    Raises:
        SyntaxError: the text is not Python.
    """

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self._imports = dict(imports(self.tree))
        self._scopes = Scopes(self.tree)
        self._calls = [
            item
            for item in ast.walk(self.tree)
            if isinstance(item, ast.Call) and self._factory(item) and self._trainable(item)
        ]

    def of_code(self, name: str) -> list[Place]:
        """Return the functions whose code is the parameter ``name``, if there are any.

        Those that ``bundle(trainable=True)`` decorates; where there is none, all of that name.
        """
        wanted = name.removeprefix(_PREFIX)
        found = [
            item
            for item in ast.walk(self.tree)
            if isinstance(item, FunctionDef) and item.name == wanted
        ]
        decorated = [f for f in found if any(self._bundles(d) for d in f.decorator_list)]
        return [Place(item) for item in decorated or found]

    def named(self, name: str) -> list[ast.Call]:
        """Return the calls that make a parameter of this name."""
        return [call for call in self._calls if self._name(call) == name]

    def unnamed(self) -> list[ast.Call]:
        """Return the calls that make a parameter without saying a name."""
        return [call for call in self._calls if self._name(call) is None]

    def value(self, call: ast.Call) -> Place:
        """Return where the value of a call is written: in the call, or in a constant.

        A constant counts when it is assigned once and used nowhere else, so that nothing but the
        parameter changes with it; else the place is in the call.

        Raises:
            NotFoundError: the value is computed.
        """
        keyword, _ = _FACTORIES[self._factory(call)]
        given = [k.value for k in call.keywords if k.arg == keyword]
        if not call.args and not given:
            raise NotFoundError(f"line {call.lineno}: the call passes no value")
        written = call.args[0] if call.args else given[0]
        item, seen = written, set()
        while isinstance(item, ast.Name):
            if item.id in seen:
                raise NotFoundError(f"line {call.lineno}: {item.id} is defined by itself")
            seen.add(item.id)
            item = self._scopes.constant(item)
        try:
            read(item)
        except ValueError as error:
            raise NotFoundError(f"line {item.lineno}: {error}") from None
        alone = all(self._scopes.uses[name] == 1 for name in seen)
        return Place(item if alone else written, call)

    def read(self, place: Place) -> Any:
        """Return the value that is written at a place."""
        item = place.item
        while isinstance(item, ast.Name):
            item = self._scopes.constant(item)
        assert not isinstance(item, FunctionDef)
        return read(item)

    def _factory(self, call: ast.Call) -> str:
        name = self._dotted(call.func)
        last = name.rpartition(".")[2]
        return last if name.split(".")[0] == "tracegraph" and last in _FACTORIES else ""

    def _dotted(self, item: ast.expr) -> str:
        if isinstance(item, ast.Attribute):
            return f"{self._dotted(item.value)}.{item.attr}"
        if not isinstance(item, ast.Name):
            return ""
        known = self._imports.get(item.id)
        return known or (f"{self._imports['*']}.{item.id}" if "*" in self._imports else item.id)

    def _trainable(self, call: ast.Call) -> bool:
        if self._factory(call) != "node":
            return True
        given = call.args[2:3] + [k.value for k in call.keywords if k.arg == "trainable"]
        return any(not (isinstance(g, ast.Constant) and not g.value) for g in given)

    def _name(self, call: ast.Call) -> str | None:
        """Return the name that a call says; None without one, "" when it is computed."""
        _, position = _FACTORIES[self._factory(call)]
        given = [k.value for k in call.keywords if k.arg == "name"]
        if position is not None:
            given += call.args[position : position + 1]
        for item in given:
            if isinstance(item, ast.Constant) and item.value is None:
                continue
            try:
                constant = self._scopes.constant(item) if isinstance(item, ast.Name) else item
                return str(read(constant))
            except (ValueError, NotFoundError):
                return ""
        return None

    def _bundles(self, decorator: ast.expr) -> bool:
        if not isinstance(decorator, ast.Call):
            return False
        name = self._dotted(decorator.func)
        given = decorator.args[2:3] + [k.value for k in decorator.keywords if k.arg == "trainable"]
        ours = name.split(".")[0] == "tracegraph" and name.endswith(".bundle")
        return ours and any(not (isinstance(g, ast.Constant) and not g.value) for g in given)
