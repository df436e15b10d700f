"""The text of a function as it stands in a file: indented, with what it needs inside it."""

from __future__ import annotations

import ast
import io
import textwrap
import tokenize

from tracegraph.graph.code.source import FunctionDef, find_function
from tracegraph.training.literals import literal


def self_contained(source: str, name: str, around: ast.Module) -> str:
    """Return one function, with what the source defines beside it moved into its body.

    Beside it, it could take the name of something in the file. What the file says in the same
    words is left out.

    Args:
        source: learned code: the function, maybe with imports, constants and functions.
        name: the function.
        around: the file that it goes into.

    Raises:
        ParameterError: the source does not define the function.
    """
    source = unix(source)
    function = find_function(source, name)
    known = {ast.dump(item) for item in around.body}
    needed = [
        item
        for item in ast.parse(source).body
        if not (isinstance(item, FunctionDef) and item.name == name)
        and not isinstance(item, ast.Expr)
        and not (isinstance(item, ast.ImportFrom) and item.module == "__future__")
        and ast.dump(item) not in known
    ]
    lines = source.split("\n")
    if not needed:
        return "\n".join(lines[function.lineno - 1 : function.end_lineno]) + "\n"
    first = function.body[0]
    if first.lineno == function.lineno:
        function.body = [*needed, *function.body]
        return ast.unparse(ast.fix_missing_locations(function)) + "\n"
    documented = ast.get_docstring(function, clean=False) is not None
    where = (first.end_lineno or 0) if documented else _start(first) - 1
    pieces = ["\n".join(lines[_start(item) - 1 : item.end_lineno]) for item in needed]
    inner = " " * first.col_offset
    head = lines[function.lineno - 1 : where]
    tail = lines[where : function.end_lineno]
    moved = [indented(piece, inner) for piece in pieces]
    return "\n".join([*head, *moved, *tail]) + "\n"


def indented(source: str, indent: str) -> str:
    """Return code moved to the right, its texts unchanged.

    Raises:
        ValueError: it holds an f-string of several lines, which cannot be moved so.
    """
    if indent:
        source = _on_one_line(source)
    # By line breaks only: a text may hold other letters at which textwrap ends a line.
    lines = source.rstrip().split("\n")
    return "\n".join(indent + line if line.strip() else line for line in lines)


def unix(source: str) -> str:
    """Return a source with the line breaks that Python gives it when it reads it."""
    return source.replace("\r\n", "\n").replace("\r", "\n")


def same_code(one: str, other: str) -> bool:
    """Whether two sources do the same, by their syntax trees: layout and comments aside."""
    try:
        return _dump(one) == _dump(other)
    except SyntaxError:
        return one == other


def _dump(source: str) -> str:
    tree = ast.parse(textwrap.dedent(source))
    for item in ast.walk(tree):
        if isinstance(item, (FunctionDef, ast.ClassDef)):
            text = ast.get_docstring(item)
            if text is not None:  # its indentation is layout
                item.body[0] = ast.Expr(ast.Constant(text))
    return ast.dump(tree)


def _start(item: ast.stmt) -> int:
    decorators = getattr(item, "decorator_list", None)
    return decorators[0].lineno if decorators else item.lineno


def _on_one_line(source: str) -> str:
    """Write texts of several lines, but docstrings, with escapes: indentation would get in."""
    documents = {
        item.body[0].lineno
        for item in ast.walk(ast.parse(source))
        if isinstance(item, (FunctionDef, ast.ClassDef)) and ast.get_docstring(item) is not None
    }
    lines = source.split("\n")
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    opened: list[int] = []
    for token in reversed(tokens):
        if token.type == getattr(tokenize, "FSTRING_END", -1):
            opened.append(token.end[0])
        elif token.type == getattr(tokenize, "FSTRING_START", -1):
            if opened.pop() != token.start[0]:
                raise ValueError(_FORMATTED)
        elif token.type == tokenize.STRING and token.start[0] != token.end[0]:
            if token.start[0] in documents:
                continue
            prefix = token.string[: token.string.index(token.string[-1])]
            if "f" in prefix.lower():
                raise ValueError(_FORMATTED)
            value = ast.literal_eval(token.string)
            text = literal(value) if isinstance(value, bytes) else repr(value)
            head = lines[token.start[0] - 1][: token.start[1]]
            tail = lines[token.end[0] - 1][token.end[1] :]
            lines[token.start[0] - 1 : token.end[0]] = [head + text + tail]
    return "\n".join(lines)


_FORMATTED = "its code holds an f-string of several lines, which indentation would change"
