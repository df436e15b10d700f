"""Which names a source text binds, imports and uses, and what its constants are."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from tracegraph.graph.code.source import FunctionDef


class NotFoundError(Exception):
    """A parameter is not in the source, or not in a way that can be followed; says why."""


class Scopes:
    """Which names a text binds, and where."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._bound = Counter(_bound(tree))
        self._bound.update(
            name for item in ast.walk(tree) if isinstance(item, ast.Global) for name in item.names
        )
        self.uses = Counter(
            item.id
            for item in ast.walk(tree)
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load)
        )
        self._around: dict[ast.AST, list[ast.AST]] = {}
        waiting: list[tuple[ast.AST, list[ast.AST]]] = [(tree, [])]
        while waiting:
            item, scopes = waiting.pop()
            self._around[item] = scopes
            inner = isinstance(item, (FunctionDef, ast.Lambda, ast.ClassDef))
            within = [*scopes, item] if inner else scopes
            waiting += [(child, within) for child in ast.iter_child_nodes(item)]

    def constant(self, name: ast.Name) -> ast.expr:
        """Return what the module-level constant is assigned.

        Raises:
            NotFoundError: it is no constant of this text.
        """
        where = f"line {name.lineno}: {name.id}"
        if any(name.id in set(_bound(scope)) for scope in self._around.get(name, ())):
            raise NotFoundError(f"{where} is a local name, not a constant of the module")
        if not self._bound[name.id]:
            raise NotFoundError(f"{where} is not assigned in this file")
        if self._bound[name.id] > 1:
            raise NotFoundError(f"{where} is assigned more than once")
        for item in self._tree.body:
            if isinstance(item, ast.Assign) and len(item.targets) == 1:
                target: ast.expr = item.targets[0]
                value: ast.expr | None = item.value
            elif isinstance(item, ast.AnnAssign):
                target, value = item.target, item.value
            else:
                continue
            if isinstance(target, ast.Name) and target.id == name.id and value is not None:
                return value
        raise NotFoundError(f"{where} is not assigned by a plain NAME = VALUE of the module")


def _bound(scope: ast.AST) -> Iterator[str]:
    """Yield the names that a module, class or function binds, each as often as it does."""
    if isinstance(scope, (FunctionDef, ast.Lambda)):
        args = scope.args
        for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
            if arg is not None:
                yield arg.arg
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        item = waiting.pop()
        if isinstance(item, (FunctionDef, ast.ClassDef)):
            yield item.name
            continue
        if isinstance(item, ast.Lambda):
            continue
        if isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load):
            yield item.id
        elif isinstance(item, (ast.Import, ast.ImportFrom)):
            for alias in item.names:
                yield alias.asname or alias.name.split(".")[0]
        elif isinstance(item, ast.ExceptHandler) and item.name:
            yield item.name
        waiting += ast.iter_child_nodes(item)


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (local name, dotted name) of what comes from tracegraph."""
    for item in ast.walk(tree):
        if isinstance(item, ast.Import):
            for alias in item.names:
                if alias.name.split(".")[0] == "tracegraph":
                    yield alias.asname or "tracegraph", alias.name if alias.asname else "tracegraph"
        elif isinstance(item, ast.ImportFrom) and (item.module or "").split(".")[0] == "tracegraph":
            for alias in item.names:
                if alias.name == "*":
                    yield "*", str(item.module)
                else:
                    yield alias.asname or alias.name, f"{item.module}.{alias.name}"
