"""Values as Python literals that people like to read, and literals read back as values."""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from typing import Any

_WIDTH = 88
_STRIPS = ("strip", "lstrip", "rstrip")
_OUTDENTS = {"textwrap.dedent": textwrap.dedent, "dedent": textwrap.dedent,
             "inspect.cleandoc": inspect.cleandoc, "cleandoc": inspect.cleandoc}  # fmt: skip


def literal(value: Any, indent: int = 0) -> str:
    """Return a literal of the value; its first line stands ``indent`` columns from the left.

    Texts of several lines become triple-quoted, long ones are folded between words.

    Raises:
        ValueError: the value has no literal.
    """
    if type(value) is str:
        return _text(value, indent)
    if value is None or type(value) in (bool, int, bytes):
        return repr(value)
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if type(value) in (list, tuple, dict):
        return _container(value, indent)
    raise ValueError(f"a {type(value).__name__} cannot be written as a literal")


def read(item: ast.expr) -> Any:
    """Return the value of an expression that only writes a value down.

    That is a literal, several added up, ``float("inf")``, and texts that are stripped or
    dedented.

    Raises:
        ValueError: it computes something.
    """
    if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Add):
        left, right = read(item.left), read(item.right)
        if isinstance(left, str) and isinstance(right, str):
            return left + right
    if isinstance(item, ast.List):
        return [read(part) for part in item.elts]
    if isinstance(item, ast.Tuple):
        return tuple(read(part) for part in item.elts)
    if isinstance(item, ast.Dict) and None not in item.keys:
        keys = [read(key) for key in item.keys if key is not None]
        return dict(zip(keys, map(read, item.values), strict=True))
    if isinstance(item, ast.Call) and not item.keywords:
        return _called(item)
    try:
        return ast.literal_eval(item)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"it is computed: {_short(item)}") from None


def _called(item: ast.Call) -> Any:
    arguments = [read(argument) for argument in item.args]
    texts = all(isinstance(argument, str) for argument in arguments)
    name = ast.unparse(item.func)
    if texts and len(arguments) == 1 and name in _OUTDENTS:
        return _OUTDENTS[name](arguments[0])
    if texts and len(arguments) == 1 and name == "float":
        return float(arguments[0])
    if texts and isinstance(item.func, ast.Attribute) and item.func.attr in _STRIPS:
        owner = read(item.func.value)
        if isinstance(owner, str):
            return getattr(owner, item.func.attr)(*arguments)
    raise ValueError(f"it is computed: {_short(item)}")


def _short(item: ast.expr) -> str:
    return textwrap.shorten(ast.unparse(item), 60, placeholder="…")


def _text(value: str, indent: int) -> str:
    if "\n" in value.rstrip("\n"):
        return f'"""{_escaped(value, lines=True)}"""'
    whole = f'"{_escaped(value)}"'
    if indent + len(whole) <= _WIDTH + 10:
        return whole
    pieces = _folded(value, max(40, _WIDTH - indent - 4))
    if len(pieces) == 1:
        return whole
    inner = " " * (indent + 4)
    rows = "".join(f'{inner}"{_escaped(piece)}"\n' for piece in pieces)
    return f"(\n{rows}{' ' * indent})"


def _escaped(value: str, *, lines: bool = False) -> str:
    """Return the text between its quotes; with ``lines``, between three of them on each side."""
    made = []
    for i, letter in enumerate(value):
        following = value[i + 1 : i + 2]
        if letter == "\\":
            made.append("\\\\")
        elif letter == '"':
            # Three in a row would end the text, as would one at its end.
            alone = lines and following not in ('"', "") and value[i - 1 : i] != '"'
            made.append('"' if alone else '\\"')
        elif letter == "\n":
            made.append("\n" if lines else "\\n")
        elif letter == " " and lines and following == "\n":
            made.append("\\x20")  # editors strip blanks from the ends of lines
        elif letter.isprintable():
            made.append(letter)
        else:
            made.append(ascii(letter)[1:-1])
    return "".join(made)


def _folded(value: str, width: int) -> list[str]:
    """Split a line before words, so that the pieces add up to it."""
    pieces = [""]
    for word in value.split(" "):
        grown = pieces[-1] + word + " "
        if pieces[-1] and len(_escaped(grown)) > width:
            pieces.append(word + " ")
        else:
            pieces[-1] = grown
    pieces[-1] = pieces[-1][:-1]
    return [piece for piece in pieces if piece]


def _container(value: list[Any] | tuple[Any, ...] | dict[Any, Any], indent: int) -> str:
    opened, closed = {list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}")}[type(value)]
    pairs = value.items() if isinstance(value, dict) else [("", item) for item in value]
    inner = indent + 4

    def rows(columns: int) -> list[str]:
        made = []
        for key, item in pairs:
            name = f"{literal(key, columns)}: " if isinstance(value, dict) else ""
            made.append(name + literal(item, columns))
        return made

    short = rows(indent)
    end = "," if isinstance(value, tuple) and len(value) == 1 else ""
    line = opened + ", ".join(short) + end + closed
    if "\n" not in line and indent + len(line) <= _WIDTH:
        return line
    body = "".join(f"{' ' * inner}{row},\n" for row in rows(inner))
    return f"{opened}\n{body}{' ' * indent}{closed}"
