"""What a function finds around it: imports, constants and functions of its module.

Learned code runs in another process, where the module is not there. What it refers to travels
along as source: imports as imports, constants as literals, plain functions as their source.
"""

from __future__ import annotations

import ast
import inspect
import re
import symtable
import sys
import sysconfig
import textwrap
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from tracegraph.graph.code.source import parse
from tracegraph.graph.errors import CodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NO_ANNOTATIONS = "from __future__ import annotations"


def surroundings_of(source: str, fun: Callable[..., Any]) -> tuple[str, tuple[type, ...]]:
    """Return Python source that defines the outside names that ``source`` uses, and its classes.

    Names that nothing around ``fun`` defines are left out: using them is the code's own error.
    The classes are those of this program that travel as source.

    Raises:
        CodeError: the code uses something that cannot travel, such as a connection.
    """
    parts = _Parts()
    parts.gather(source, _visible(fun))
    return parts.text(), tuple(parts.classes)


def imported_modules(source: str, fun: Callable[..., Any]) -> frozenset[str]:
    """Return the modules that a function uses already: a change of it may go on using them."""
    visible = _visible(fun)
    names = {visible[name].__name__ for name in free_names(source)
             if isinstance(visible.get(name), ModuleType)}  # fmt: skip
    for item in ast.walk(parse(source)):
        if isinstance(item, ast.Import):
            names.update(alias.name for alias in item.names)
        elif isinstance(item, ast.ImportFrom) and item.module:
            names.add(item.module)
    return frozenset(names)


def free_names(source: str) -> list[str]:
    """Return the names that a source reads and does not define at its top level, sorted.

    Annotations of functions do not count: they are not evaluated where learned code runs.

    Raises:
        CodeError: the source does not parse.
    """
    tree = parse(source)
    try:
        top = symtable.symtable(f"{_NO_ANNOTATIONS}\n{source}", "<code>", "exec")
    except SyntaxError as error:
        raise CodeError(f"the code does not parse: {error.msg}") from None
    defined = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned()}
    defined |= {symbol.get_name() for symbol in top.get_symbols() if symbol.is_imported()}
    read: set[str] = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                read.add(symbol.get_name())
    for item in ast.walk(tree):
        if isinstance(item, ast.ClassDef):
            # The fields of a pydantic model are read from its annotations.
            fields = [part.annotation for part in item.body if isinstance(part, ast.AnnAssign)]
            read |= {n.id for f in fields for n in ast.walk(f) if isinstance(n, ast.Name)}
    return sorted(read - defined - {"__name__"})


class _Parts:
    """The definitions that were gathered, each after those that it needs."""

    def __init__(self) -> None:
        self.classes: list[type] = []
        self._sources: dict[str, str] = {}
        self._busy: set[str] = set()

    def text(self) -> str:
        return "".join(f"{source}\n" for source in self._sources.values())

    def gather(self, source: str, visible: Mapping[str, Any]) -> None:
        for name in free_names(source):
            if name in visible and name not in self._busy:
                self._busy.add(name)
                self._sources[name] = self._carried(name, visible[name])

    def _carried(self, name: str, value: Any) -> str:
        if isinstance(value, ModuleType):
            return f"import {value.__name__} as {name}"
        value = getattr(value, "fun", value) if hasattr(value, "operation") else value
        module = getattr(value, "__module__", None)
        if isinstance(value, (type, FunctionType)):
            if _installed(module):
                return f"from {module} import {value.__qualname__} as {name}"
            source = _source(name, value)
            self.gather(source, _visible(value))
            if isinstance(value, type):
                self.classes.append(value)
            made = value.__name__
            return source if made == name else f"{source}\n{name} = {made}"
        # A function of C, or a method of a hidden object, as random.random is.
        module = module or type(getattr(value, "__self__", None)).__module__
        own = getattr(value, "__name__", name)
        if _installed(module) and getattr(sys.modules.get(module), own, None) is value:
            return f"from {module} import {own} as {name}"
        if isinstance(value, re.Pattern):
            return f"import re\n{name} = re.compile({value.pattern!r}, {value.flags})"
        return f"{name} = {_literal(name, value)}"


def _literal(name: str, value: Any) -> str:
    literal = repr(value)
    try:
        same = ast.literal_eval(literal) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        same = False
    if not same:
        raise CodeError(
            f"the code uses {name!r}, a {type(value).__name__} that cannot be taken into the"
            " sandbox: pass it as an argument, or keep it out of the trainable function"
        )
    return literal


def _visible(value: Any) -> Mapping[str, Any]:
    """Return the names around a function or class, with their values."""
    if isinstance(value, type):
        return getattr(sys.modules.get(value.__module__), "__dict__", {})
    plain = inspect.unwrap(value)
    found = dict(getattr(plain, "__globals__", {}))
    code, cells = getattr(plain, "__code__", None), getattr(plain, "__closure__", None) or ()
    for name, cell in zip(getattr(code, "co_freevars", ()), cells, strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
    return found


def _installed(module: str | None) -> bool:
    """Whether a module is there in the sandbox too: of Python, or of a package in its folders."""
    if module is None:
        return False
    if module.partition(".")[0] in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    places = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    return file is not None and file.startswith(places)


def _source(name: str, value: Any) -> str:
    try:
        text = textwrap.dedent(inspect.getsource(value))
    except (TypeError, OSError):
        raise CodeError(
            f"the code uses {name!r}, whose source cannot be read to take it into the sandbox"
        ) from None
    tree = ast.parse(text)
    for item in tree.body:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            item.decorator_list = []
    return ast.unparse(tree)
