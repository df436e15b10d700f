"""New values of parameters written into a source text, everything else left as it is."""

from __future__ import annotations

import ast
import difflib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tracegraph.graph.code.source import FunctionDef
from tracegraph.graph.errors import ParameterError
from tracegraph.runs.errors import StoreError
from tracegraph.runs.payload import encode
from tracegraph.training.code_text import indented, same_code, self_contained
from tracegraph.training.errors import TrainingError
from tracegraph.training.literals import literal
from tracegraph.training.places import Place, Places
from tracegraph.training.scopes import NotFoundError
from tracegraph.training.source_text import Text


@dataclass(frozen=True, slots=True)
class Change:
    """What one parameter is to start with.

    Attributes:
        name: the parameter's name.
        kind: its kind; "code" for the source of a function.
        value: the new value.
        before: what it starts with now, as far as known.
    """

    name: str
    kind: str
    value: Any
    before: Any


@dataclass(frozen=True, slots=True)
class Patched:
    """A source text with new values.

    Attributes:
        source: the text.
        values: what the changed parameters start with now, by name. Code that came with other
            definitions has them inside the function now.
        missing: for each parameter that could not be changed, the reason.
    """

    source: str
    values: Mapping[str, Any]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def patched(source: str, changes: Iterable[Change], *, force: bool = False) -> Patched:
    """Return the source with new values in place.

    Args:
        source: the text of a Python file that makes parameters.
        changes: one for each parameter to change.
        force: change values also where the text says something else than ``before``.

    Raises:
        TrainingError: the source is not Python, or the result would not say the new values.
    """
    mark = "\ufeff" if source.startswith("\ufeff") else ""
    source = source.removeprefix(mark)
    try:
        places = Places(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise TrainingError(f"the source is not Python: {error}") from error
    text = Text(source)
    edits: dict[str, _Edit] = {}
    written: list[Change] = []
    missing: dict[str, str] = {}
    for change in changes:
        try:
            place = _found(places, change, text, force)
            edit, value = _edit(place, change, text, places)
        except (NotFoundError, ParameterError, ValueError) as error:
            missing[change.name] = str(error)
            continue
        clash = next((n for n, e in edits.items() if _overlap(e, edit)), "")
        if clash:
            missing[change.name] = f"it is written inside the value of {clash}"
            continue
        edits[change.name] = edit
        written.append(Change(change.name, change.kind, value, value))
    for edit in sorted(edits.values(), key=lambda e: -e.start):
        source = source[: edit.start] + text.broken(edit.text) + source[edit.end :]
    _check(source, written)
    return Patched(mark + source, {change.name: change.value for change in written}, missing)


def unified_diff(old: str, new: str, path: str) -> str:
    """Return what ``git apply`` and ``patch -p1`` take; empty when nothing differs."""
    lines = []
    for line in difflib.unified_diff(
        list(io.StringIO(old, newline="\n")),
        list(io.StringIO(new, newline="\n")),
        f"a/{path}",
        f"b/{path}",
    ):
        lines.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(lines)


def _found(places: Places, change: Change, text: Text, force: bool) -> Place:
    """Return where the parameter is written.

    Raises:
        NotFoundError: nowhere, at several places, or with another value than expected.
    """
    if change.kind == "code":
        found = places.of_code(change.name)
        equal = [p for p in found if same_code(text.code(_function(p)), str(change.before))]
    else:
        calls = places.named(change.name)
        if not calls:
            # A name that was made up from the type and a number is told by the value.
            unnamed = [places.value(c) for c in places.unnamed() if _readable(places, c)]
            found = [p for p in unnamed if same_value(places.read(p), change.before)]
            equal = found
        else:
            found = [places.value(call) for call in calls]
            equal = [p for p in found if same_value(places.read(p), change.before)]
    usable = found if force and len(found) == 1 else equal
    if len(usable) == 1:
        return usable[0]
    if not found:
        raise NotFoundError(
            "nothing in this file makes it: it may be in a file that this one imports"
        )
    lines = ", ".join(str(p.item.lineno) for p in found)
    if len(found) > 1:
        raise NotFoundError(f"several places make it (lines {lines}): give each its own name")
    raise NotFoundError(f"line {lines} has another value than the run started with")


def _readable(places: Places, call: ast.Call) -> bool:
    try:
        places.value(call)
    except NotFoundError:
        return False
    return True


def _function(place: Place) -> FunctionDef:
    assert isinstance(place.item, FunctionDef)
    return place.item


def _edit(place: Place, change: Change, text: Text, places: Places) -> tuple[_Edit, Any]:
    """Return the edit, and the value that it writes."""
    start, end = text.of(place.item)
    if isinstance(place.item, FunctionDef):
        code = self_contained(str(change.value), place.item.name, places.tree)
        indent = text.indent(place.item)
        if indent.strip():
            raise NotFoundError(f"line {place.item.lineno}: the function shares its line")
        return _Edit(start, text.rest(end), indented(code, indent)[len(indent) :]), code
    value = _as_written(change.value, places.read(place), place.choices())
    alone = text.column(start) == text.margin(start)
    written = literal(value, text.column(start) if alone else text.margin(start))
    return _Edit(start, end, written), value


def _as_written(value: Any, before: Any, choices: list[Any]) -> Any:
    """Return a value that came through JSON as the source has it: JSON knows no tuples."""
    for choice in choices:
        if same_value(choice, value):
            return choice
    return tuple(value) if isinstance(before, tuple) and isinstance(value, list) else value


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are the same once they were written as JSON."""
    try:
        return encode(one) == encode(other)
    except StoreError:
        return repr(one) == repr(other)


def _overlap(one: _Edit, other: _Edit) -> bool:
    return one.start < other.end and other.start < one.end


def _check(source: str, written: Iterable[Change]) -> None:
    """Read the values back from the new source.

    Raises:
        TrainingError: it does not parse, or says other values.
    """
    try:
        places, text = Places(source), Text(source)
    except SyntaxError as error:
        raise TrainingError(f"the patched source would not parse: {error}") from error
    for change in written:
        try:
            _found(places, change, text, force=False)
        except NotFoundError as error:
            raise TrainingError(
                f"the patched source would not give {change.name} its new value ({error}): change "
                "it by hand, see `tracegraph export`"
            ) from error
