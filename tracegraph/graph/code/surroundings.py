"""What a function finds around it: imports, constants and functions of its module.

Learned code runs in another process, where the module is not there. What it refers to travels
along as source: imports as imports, constants as literals, plain functions as their source.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from tracegraph.graph.code.source import parse
from tracegraph.graph.errors import CodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def surroundings_of(source: str, fun: Callable[..., Any]) -> str:
    """Return Python source that defines the outside names that ``source`` uses.

    Names that nothing around ``fun`` defines are left out: using them is the code's own error.

    Raises:
        CodeError: the code uses something that cannot travel, such as a connection.
    """
    parts: dict[str, str] = {}
    _gather(source, _visible(fun), parts, set())
    return "\n".join(parts.values()) + "\n" if parts else ""


def imported_modules(source: str, fun: Callable[..., Any]) -> frozenset[str]:
    """Return the modules that a function uses already: a change of it may go on using them."""
    visible = _visible(fun)
    tree = parse(source)
    names = {visible[name].__name__ for name in free_names(tree)
             if isinstance(visible.get(name), ModuleType)}  # fmt: skip
    for item in ast.walk(tree):
        if isinstance(item, ast.Import):
            names.update(alias.name for alias in item.names)
        elif isinstance(item, ast.ImportFrom) and item.module:
            names.add(item.module)
    return frozenset(names)


def free_names(tree: ast.Module) -> list[str]:
    """Return the names that a source reads and does not define at its top level, sorted."""
    defined = {"__name__"}
    for item in tree.body:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(item.name)
        elif isinstance(item, (ast.Import, ast.ImportFrom)):
            defined.update((a.asname or a.name).split(".")[0] for a in item.names)
        elif isinstance(item, (ast.Assign, ast.AnnAssign)):
            defined.update(n.id for n in ast.walk(item) if isinstance(n, ast.Name)
                           and isinstance(n.ctx, ast.Store))  # fmt: skip
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return sorted(name for name in read - defined if not hasattr(builtins, name))


def _visible(fun: Any) -> Mapping[str, Any]:
    plain = inspect.unwrap(fun)
    found = dict(getattr(plain, "__globals__", {}))
    code, cells = getattr(plain, "__code__", None), getattr(plain, "__closure__", None) or ()
    for name, cell in zip(getattr(code, "co_freevars", ()), cells, strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
    return found


def _gather(source: str, visible: Mapping[str, Any], parts: dict[str, str], busy: set[str]) -> None:
    for name in free_names(parse(source)):
        if name in visible and name not in parts and name not in busy:
            busy.add(name)
            parts[name] = _carried(name, visible[name], parts, busy)


def _carried(name: str, value: Any, parts: dict[str, str], busy: set[str]) -> str:
    if isinstance(value, ModuleType):
        return f"import {value.__name__} as {name}"
    value = getattr(value, "fun", value) if hasattr(value, "operation") else value
    module = getattr(value, "__module__", None)
    if isinstance(value, (type, FunctionType)):
        if _installed(module):
            return f"from {module} import {value.__qualname__} as {name}"
        source = _source(name, value)
        _gather(source, _visible(value) if isinstance(value, FunctionType) else {}, parts, busy)
        made = value.__name__
        return source if made == name else f"{source}\n{name} = {made}"
    if callable(value) and _installed(module) and hasattr(value, "__name__"):
        return f"from {module} import {value.__name__} as {name}"
    if module == "typing":
        return f"from typing import {getattr(value, '__name__', name)} as {name}"
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
    return f"{name} = {literal}"


def _installed(module: str | None) -> bool:
    import sys

    return module is not None and module.split(".")[0] in sys.stdlib_module_names


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
