"""Read calls as models write them: `verb(name='value', …)`, one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracegraph.envs.desktop.actions import FormatError

_VERB = re.compile(r"\s*([A-Za-z_]\w*)\s*\(")
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*")
_PLAIN = re.compile(r"(?:<\|box_start\|>)?\s*(?:\([^()]*\)|\[[^\[\]]*\]|<[^<>]+>[^<>]*</[^<>]+>)"
                    r"\s*(?:<\|box_end\|>)?|[^\s,()'\"]+")  # fmt: skip
# A quote ends a value only before the end of the call or another name: models forget to escape.
_ENDS = re.compile(r"\s*(?:\)(?:\s*$|\s*\n|\s+[a-z_]+\()|,\s*[A-Za-z_]\w*\s*=)")
_ENDS_PLAIN = re.compile(r"\s*[,)]")
_ESCAPES = {"n": "\n", "t": "\t", "'": "'", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Call:
    """A verb and its arguments; those without a name are in ``positional``."""

    verb: str
    named: dict[str, str]
    positional: tuple[str, ...] = ()


def read_calls(text: str) -> list[Call]:
    """Return all calls of a text; only white space may stand between them.

    Raises:
        FormatError: something is not a call, or a call does not end.
    """
    calls: list[Call] = []
    at = 0
    while text[at:].strip():
        verb = _VERB.match(text, at)
        if verb is None:
            raise FormatError(f"{text[at:].strip()[:60]!r} is not a call such as wait()")
        call, at = _read_arguments(text, verb.end(), verb.group(1))
        calls.append(call)
    return calls


def quote(text: str) -> str:
    """Return a text as a value in single quotes that `read_calls` reads back exactly."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _read_arguments(text: str, at: int, verb: str) -> tuple[Call, int]:
    named: dict[str, str] = {}
    positional: list[str] = []
    while True:
        at = _skip(text, at)
        if at >= len(text):
            raise FormatError(f"{verb}(… has no closing parenthesis")
        if text[at] == ")":
            return Call(verb, named, tuple(positional)), at + 1
        name = _NAME.match(text, at)
        value, at = _read_value(text, name.end() if name else at, verb)
        if name is None:
            positional.append(value)
        elif name.group(1) in named:
            raise FormatError(f"{verb}(…) has {name.group(1)} twice")
        else:
            named[name.group(1)] = value
        at = _skip(text, at)
        if at < len(text) and text[at] == ",":
            at += 1
        elif at >= len(text) or text[at] != ")":
            raise FormatError(f"{verb}(…) cannot be read after {text[:at][-30:]!r}")


def _read_value(text: str, at: int, verb: str) -> tuple[str, int]:
    if at < len(text) and text[at] in "'\"":
        return _read_quoted(text, at, verb)
    plain = _PLAIN.match(text, at)
    if plain is None:
        raise FormatError(f"{verb}(…) has no value at {text[at : at + 30]!r}")
    return plain.group(0).strip(), plain.end()


def _read_quoted(text: str, at: int, verb: str) -> tuple[str, int]:
    mark, at = text[at], at + 1
    read: list[str] = []
    while at < len(text):
        sign = text[at]
        if sign == "\\" and at + 1 < len(text):
            read.append(_ESCAPES.get(text[at + 1], text[at : at + 2]))
            at += 2
            continue
        if sign == mark and (_ENDS.match(text, at + 1) or _closes_place(read, text, at + 1)):
            return "".join(read), at + 1
        read.append(sign)
        at += 1
    raise FormatError(f"{verb}(…) has a quote that does not end")


def _closes_place(read: list[str], text: str, at: int) -> bool:
    # Values without letters are places; they hold no quotes, so the first one ends them.
    return not any(c.isalpha() for c in read) and _ENDS_PLAIN.match(text, at) is not None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
