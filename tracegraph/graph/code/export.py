"""Learned code as plain Python: a class with its learned values, without tracegraph."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from tracegraph.graph.bundle import BundledFunction
from tracegraph.graph.errors import SourceError
from tracegraph.graph.parameter import ParameterNode

if TYPE_CHECKING:
    from tracegraph.graph.module import Module

_DECORATORS = {"bundle", "model"}
_FACTORIES = {"node", "Parameter", "ParameterNode"}
# (first line, first column, last line, last column, text), lines from 1
_Edit = tuple[int, int, int, int, str]


def export_module(module: Module) -> str:
    """Return the source of a module's class with what was learned written into it.

    Bundled methods become plain ones, trainable ones get their learned code, and
    ``self.x = node(…)`` becomes ``self.x = value``. Comments stay.

    Raises:
        SourceError: the source of the class cannot be read.
    """
    cls = vars(type(module)).get("__tracegraph_model__", type(module))
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except (TypeError, OSError) as error:
        raise SourceError(f"{cls.__name__}: its source cannot be read ({error})") from None
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.ClassDef)
    values = {name: value for name, value in vars(module).items()
              if isinstance(value, ParameterNode)}  # fmt: skip
    edits: list[_Edit] = [_cut_line(d) for d in tree.decorator_list if _named(d) in _DECORATORS]
    edits += [_cut_base(tree, base) for base in tree.bases if _named(base) == "Module"]
    learned: set[ast.AST] = set()
    for item in tree.body:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            edits += [_cut_line(d) for d in item.decorator_list if _named(d) in _DECORATORS]
            method: Any = getattr(type(module), item.name, None)
            if isinstance(method, BundledFunction) and method.trainable:
                own = method._own(module).parameter
                if own is not None and own.data != own.original:
                    edits.append(_replace(item, own.data.rstrip(), item.col_offset))
                    learned.add(item)
    for item in tree.body:
        if item not in learned:
            edits += _value_edits(item, values)
    return _applied(source, edits)


def _value_edits(item: ast.AST, values: dict[str, ParameterNode[Any]]) -> list[_Edit]:
    edits: list[_Edit] = []
    for inner in ast.walk(item):
        if isinstance(inner, ast.Assign) and len(inner.targets) == 1:
            name = _own_attribute(inner.targets[0])
            made = isinstance(inner.value, ast.Call) and _named(inner.value) in _FACTORIES
            if name in values and made:
                edits.append(_replace(inner.value, repr(values[name]._data)))
        elif isinstance(inner, ast.Attribute) and inner.attr == "data":
            name = _own_attribute(inner.value)
            if name in values:
                edits.append(_replace(inner, f"self.{name}"))
    return edits


def _own_attribute(item: ast.expr) -> str:
    if isinstance(item, ast.Attribute) and isinstance(item.value, ast.Name):
        return item.attr if item.value.id == "self" else ""
    return ""


def _named(item: ast.expr) -> str:
    while isinstance(item, ast.Call):
        item = item.func
    return item.attr if isinstance(item, ast.Attribute) else getattr(item, "id", "")


def _cut_line(item: ast.expr) -> _Edit:
    # From the @ to the beginning of the next line.
    return (item.lineno, 0, (item.end_lineno or item.lineno) + 1, 0, "")


def _cut_base(tree: ast.ClassDef, base: ast.expr) -> _Edit:
    first, last = tree.bases[0], tree.bases[-1]
    if first is last and not tree.keywords:
        # The parentheses go too.
        end = (base.end_lineno or base.lineno), (base.end_col_offset or 0) + 1
        return (base.lineno, base.col_offset - 1, *end, "")
    if base is last:
        before = tree.bases[-2]
        start = (before.end_lineno or before.lineno), before.end_col_offset or 0
        return (*start, base.end_lineno or base.lineno, base.end_col_offset or 0, "")
    after = tree.bases[tree.bases.index(base) + 1]
    return (base.lineno, base.col_offset, after.lineno, after.col_offset, "")


def _replace(item: ast.expr | ast.stmt, text: str, indent: int = 0) -> _Edit:
    text = textwrap.indent(text, " " * indent)[indent:]
    return (item.lineno, item.col_offset, item.end_lineno or 0, item.end_col_offset or 0, text)


def _applied(source: str, edits: list[_Edit]) -> str:
    lines = source.splitlines(keepends=True)
    for first, start, last, end, text in sorted(edits, reverse=True):
        # The syntax tree counts bytes, not characters.
        head = lines[first - 1].encode()[:start].decode()
        tail = lines[last - 1].encode()[end:].decode() if last <= len(lines) else ""
        lines[first - 1 : last] = (head + text + tail).splitlines(keepends=True)
    return "".join(lines)
