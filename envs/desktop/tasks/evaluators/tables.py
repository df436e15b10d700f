"""Checks of spreadsheets, by rules as OSWorld's `compare_table` has them."""

from __future__ import annotations

import io
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict, short
from tracegraph.envs.protocol import EvalError
from tracegraph.errors import MissingExtraError

_NEAR = 1e-6
_METHODS = ("eq", "approx", "ne", "lt", "le", "gt", "ge", "startswith")


def compare_table(result: bytes, expected: bytes | None = None, **options: Any) -> Verdict:
    """Check a workbook by ``rules``: sheet_name, sheet_data and check_cell.

    Sheets are named by ``RI0`` (the first of the result), ``EI0`` (of the expected one),
    ``RNname`` or ``ENname``; a plain number is a place in the book whose side the rule gives.
    Cells hold values, so formulas count as what they gave when the file was saved.
    """
    books: dict[str, Any] = {"R": _read(result, ours=False)}
    if expected is not None:
        books["E"] = _read(expected, ours=True)
    problems: list[str] = []
    for rule in options.get("rules", []):
        problems += _check(rule, books)
    return Verdict.of(problems)


def _check(rule: dict[str, Any], books: dict[str, Any]) -> list[str]:
    match rule["type"]:
        case "sheet_name":
            found, wanted = books["R"].sheetnames, books["E"].sheetnames
            return [] if found == wanted else [f"the sheets are {found}, not {wanted}"]
        case "sheet_data":
            found = _cells(_sheet(rule["sheet_idx0"], books, "R"))
            wanted = _cells(_sheet(rule["sheet_idx1"], books, "E"))
            places = sorted(found.keys() | wanted.keys())
            return [
                f"{place} is {short(found.get(place))}, not {short(wanted.get(place))}"
                for place in places
                if not _same(found.get(place), wanted.get(place))
            ]
        case "check_cell":
            cell = _sheet(rule["sheet_idx"], books, "R")[rule["coordinate"]]
            return [
                f"{prop} of {rule['coordinate']} is {short(_property(cell, prop))}"
                for prop, test in rule["props"].items()
                if not _meets(_property(cell, prop), test["method"], test["ref"])
            ]
    raise EvalError(f"compare_table: the rule {rule['type']} is unsupported")


def _read(data: bytes, *, ours: bool) -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError("desktop", "openpyxl") from error
    try:
        return openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except Exception as error:  # broken files make the parsers raise nearly anything
        if ours:
            raise EvalError(f"the expected workbook cannot be read: {error}") from error
        raise Spoiled(f"it is no workbook: {error}") from error


def _sheet(name: Any, books: dict[str, Any], side: str) -> Any:
    text = str(name)
    if text[:2] in ("RI", "EI", "RN", "EN"):
        side, text, by_name = text[0], text[2:], text[1] == "N"
    else:
        by_name = False
    book = books[side]
    try:
        return book[text] if by_name else book.worksheets[int(text)]
    except (KeyError, IndexError, ValueError) as error:
        if side == "R":
            raise Spoiled(f"there is no sheet {text}") from error
        raise EvalError(f"there is no sheet {name} to compare with") from error


def _cells(sheet: Any) -> dict[str, Any]:
    return {
        cell.coordinate: cell.value
        for row in sheet.iter_rows()
        for cell in row
        if cell.value not in (None, "")
    }


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return abs(found - wanted) <= _NEAR * max(1.0, abs(wanted))
    return bool(found == wanted)


def _property(cell: Any, name: str) -> Any:
    match name:
        case "value":
            return cell.value
        case "font_bold":
            return bool(cell.font and cell.font.b)
        case "font_italic":
            return bool(cell.font and cell.font.i)
        case "number_format":
            return cell.number_format
        case "bgcolor":
            return cell.fill.fgColor.rgb if cell.fill and cell.fill.fill_type else None
    raise EvalError(f"check_cell: the property {name} is unsupported")


def _meets(found: Any, method: str, ref: Any) -> bool:
    if method not in _METHODS:
        raise EvalError(f"check_cell: the method {method} is unsupported")
    if method in ("eq", "approx", "ne"):
        return _same(found, ref) != (method == "ne")
    try:
        if method == "startswith":
            return str(found).startswith(ref)
        order = {"lt": found < ref, "le": found <= ref, "gt": found > ref, "ge": found >= ref}
    except TypeError:
        return False
    return bool(order[method])
