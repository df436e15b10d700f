"""The source of a function: without decorators and indentation, as a parameter holds it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from tracegraph.graph.errors import CodeError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

FunctionDef = ast.FunctionDef | ast.AsyncFunctionDef


def function_source(fun: Callable[..., Any]) -> str:
    """Return the source of one function as written, from its ``def`` on.

    Raises:
        SourceError: a lambda, a builtin, or a function typed into an interactive session.
    """
    name = getattr(fun, "__qualname__", None) or type(fun).__name__
    if getattr(fun, "__name__", "") == "<lambda>":
        raise SourceError(
            "a lambda has no source of its own to change: write it as a function with def"
        )
    try:
        lines, _ = inspect.getsourcelines(fun)
    except (TypeError, OSError) as error:
        raise SourceError(
            f"{name}: its source cannot be read ({error}); trainable code must be a function in a"
            " file or a notebook cell"
        ) from None
    text = textwrap.dedent("".join(lines))
    try:
        tree = ast.parse(text)
    except SyntaxError:
        raise SourceError(f"{name}: its source cannot be taken out of the file") from None
    defined = [item for item in tree.body if isinstance(item, FunctionDef)]
    if len(defined) != 1:
        raise SourceError(f"{name}: its source is not a single function")
    # From the def line on: what a decorator says is not part of the code.
    body = text.splitlines()[defined[0].lineno - 1 :]
    return "\n".join(body).rstrip() + "\n"


def find_function(source: str, name: str) -> FunctionDef:
    """Return the function ``name`` that a source defines at its top level.

    Raises:
        CodeError: the source does not parse, or does not define it exactly once.
    """
    found = [n for n in parse(source).body if isinstance(n, FunctionDef) and n.name == name]
    if len(found) != 1:
        raise CodeError(f"the code must define {name} once; it does so {len(found)} times")
    return found[0]


def parse(source: str, *, whole: bool = False) -> ast.Module:
    """Return the syntax tree of a source.

    Args:
        source: the text.
        whole: it is complete by itself: what parses and still cannot be compiled, as
            ``return *x``, is an error too. Nothing is run.

    Raises:
        CodeError: it does not parse; the message shows the line.
    """
    try:
        tree = ast.parse(source)
        if whole:
            compile(source, "<the code>", "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").rstrip()
        raise CodeError(
            f"the code does not parse: {error.msg}, line {error.lineno}: {line}"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise CodeError(f"the code does not parse: {error}") from None
    return tree


def signature_of(function: FunctionDef) -> str:
    """Return the signature that a change must keep: names, kinds and defaults; no annotations."""
    args = function.args
    for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
        if arg is not None:
            arg.annotation = None
    prefix = "async def" if isinstance(function, ast.AsyncFunctionDef) else "def"
    return f"{prefix} {function.name}({ast.unparse(args)})"
