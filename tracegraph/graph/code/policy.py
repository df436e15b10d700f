"""What proposed code may contain: checked on its syntax tree before it is accepted.

This is the first of two fences. It refuses early, with a reason that an optimizer can act on;
what keeps code from doing harm is the sandbox that it runs in.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracegraph.graph.code.source import FunctionDef, find_function, parse, signature_of
from tracegraph.graph.errors import CodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Standard library modules that compute and touch nothing.
PURE_MODULES = frozenset({
    "abc", "array", "base64", "binascii", "bisect", "calendar", "cmath", "collections", "colorsys",
    "copy", "csv", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions",
    "functools", "hashlib", "heapq", "html", "itertools", "json", "math", "numbers", "operator",
    "random", "re", "statistics", "string", "struct", "textwrap", "time", "types", "typing",
    "unicodedata", "uuid", "zlib", "zoneinfo",
})  # fmt: skip
FORBIDDEN_NAMES = frozenset({
    "__import__", "breakpoint", "compile", "delattr", "eval", "exec", "exit", "getattr", "globals",
    "help", "input", "locals", "memoryview", "open", "quit", "setattr", "vars",
})  # fmt: skip
# Attributes that lead from a harmless object to the interpreter, without underscores.
FORBIDDEN_ATTRIBUTES = frozenset({
    "ag_frame", "ag_code", "cr_code", "cr_frame", "f_back", "f_builtins", "f_code", "f_globals",
    "f_locals", "gi_code", "gi_frame", "mro", "tb_frame", "tb_next",
})  # fmt: skip
_MAX_CHARACTERS = 200_000


@dataclass(frozen=True)
class CodePolicy:
    """The rules for one function.

    Attributes:
        name: the function that the code must define.
        signature: what it must look like, as ``def f(x, n=3)``.
        imports: the modules that it may import, whole packages by their first name.
    """

    name: str
    signature: str
    imports: frozenset[str] = PURE_MODULES

    def check(self, source: str) -> None:
        """Accept the source, or raise CodeError with every reason why not."""
        if len(source) > _MAX_CHARACTERS:
            raise CodeError(f"the code is {len(source)} characters long; at most {_MAX_CHARACTERS}")
        tree = parse(source)
        signature = signature_of(find_function(source, self.name))
        problems = [*self._top_level(tree), *self._everywhere(tree)]
        if signature != self.signature:
            problems.insert(0, f"the signature must stay {self.signature!r}; it is {signature!r}")
        if problems:
            raise CodeError(f"the code of {self.name} is refused: " + "; ".join(problems))
        parse(source, whole=True)

    def __str__(self) -> str:
        return (
            f"keeps the signature {self.signature!r}; imports only what computes ({self._some()});"
            " no underscore attributes, no eval, exec, open, getattr"
        )

    def _some(self) -> str:
        extra = sorted(self.imports - PURE_MODULES)
        return ", ".join(["re, math, json and the like", *extra])

    def _top_level(self, tree: ast.Module) -> Iterator[str]:
        for item in tree.body:
            if isinstance(item, FunctionDef):
                if item.decorator_list:
                    yield f"line {item.lineno}: decorators are not allowed"
            elif not isinstance(
                item, (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.ClassDef)
            ) and not _is_docstring(item):
                yield (
                    f"line {item.lineno}: only functions, classes, imports and constants are"
                    " allowed outside of functions"
                )

    def _everywhere(self, tree: ast.Module) -> Iterator[str]:
        for item in ast.walk(tree):
            line = f"line {getattr(item, 'lineno', '?')}: "
            if isinstance(item, ast.Import):
                for alias in item.names:
                    yield from self._import(line, alias.name)
            elif isinstance(item, ast.ImportFrom):
                if item.level:
                    yield line + "relative imports are not allowed"
                else:
                    yield from self._import(line, item.module or "")
                for alias in item.names:
                    if alias.name.startswith("_") or alias.name == "*":
                        yield line + f"import of {alias.name!r} is not allowed"
            elif isinstance(item, ast.Attribute):
                hidden = item.attr.startswith("_") and not _own_private(item)
                if hidden or item.attr in FORBIDDEN_ATTRIBUTES:
                    yield line + f"attribute {item.attr!r} is not allowed"
            elif isinstance(item, ast.Name):
                dunder = item.id.startswith("__") and item.id != "__name__"
                if item.id in FORBIDDEN_NAMES or dunder:
                    yield line + f"{item.id!r} is not allowed"
            elif isinstance(item, ast.Global):
                yield line + "global is not allowed: each call starts afresh"

    def _import(self, line: str, module: str) -> Iterator[str]:
        parts = module.split(".")
        if not any(".".join(parts[: n + 1]) in self.imports for n in range(len(parts))):
            yield line + f"import of {module!r} is not allowed"


def _own_private(item: ast.Attribute) -> bool:
    # self._cache is the object's own business; a dunder is the interpreter's.
    return (
        isinstance(item.value, ast.Name)
        and item.value.id in ("self", "cls")
        and not item.attr.startswith("__")
    )


def _is_docstring(item: ast.stmt) -> bool:
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)
