"""Checks of spreadsheets, by rules as OSWorld's `compare_table` has them."""

from __future__ import annotations

import io
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.archives import check_archive
from tracegraph.envs.desktop.tasks.evaluators.rules import meets
from tracegraph.envs.desktop.tasks.evaluators.verdict import (
    Spoiled,
    Verdict,
    likeness,
    reading,
    short,
)
from tracegraph.envs.protocol import EvalError
from tracegraph.errors import MissingExtraError

# Rules about texts: what a fuzzy one takes for the same.
_LIKE = 85.0


def compare_table(result: bytes, expected: bytes | None = None, **options: Any) -> Verdict:
    """Check a workbook by ``rules``: sheet_name, sheet_data, sheet_fuzzy, check_cell, freeze, zoom.

    Sheets are named by ``RI0`` (the first of the result), ``EI0`` (of the expected one),
    ``RNname`` or ``ENname``; a plain number is a place in the book whose side the rule gives.
    Cells hold values, so formulas count as what they gave when the file was saved.
    """
    books: dict[str, Any] = {}
    if expected is not None:
        books["E"] = _read(expected, ours=True)
    books["R"] = _read(result, ours=False)
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
            digits = int(rule.get("precision", 4))
            found = _cells(_sheet(rule["sheet_idx0"], books, "R"))
            wanted = _cells(_sheet(rule["sheet_idx1"], books, "E"))
            places = sorted(found.keys() | wanted.keys())
            return [
                f"{place} is {short(found.get(place))}, not {short(wanted.get(place))}"
                for place in places
                if not _same(found.get(place), wanted.get(place), digits)
            ]
        case "sheet_fuzzy":
            sheets = _sheet(rule["sheet_idx0"], books, "R"), _sheet(rule["sheet_idx1"], books, "E")
            return [problem for one in rule["rules"] for problem in _fuzzy(one, *sheets)]
        case "check_cell":
            cell = _sheet(rule["sheet_idx"], books, "R")[rule["coordinate"]]
            return [
                f"{prop} of {rule['coordinate']} is {short(_property(cell, prop))}"
                for prop, test in rule["props"].items()
                if not meets(_property(cell, prop), test)
            ]
        case "freeze":
            found = _sheet(rule["sheet_idx0"], books, "R").freeze_panes
            wanted = _sheet(rule["sheet_idx1"], books, "E").freeze_panes
            return [] if found == wanted else [f"rows and columns stay from {found}, not {wanted}"]
        case "zoom":
            scale = _sheet(rule["sheet_idx"], books, "R").sheet_view.zoomScale or 100.0
            return [] if meets(scale, rule) else [f"the sheet is shown at {scale:g} %"]
    raise EvalError(f"compare_table: the rule {rule['type']} is unsupported")


def _fuzzy(rule: dict[str, Any], found: Any, wanted: Any) -> list[str]:
    """Return which cells of the ranges of a rule are not alike, by its way of comparing texts."""
    from openpyxl.worksheet.cell_range import MultiCellRange

    problems = []
    for area in MultiCellRange(rule["range"]):
        for row, column in area.cells:
            one, other = (
                _plain(rule, str(sheet.cell(row, column).value)) for sheet in (found, wanted)
            )
            match rule["type"]:
                case "includes":
                    fine = other in one
                case "included_by":
                    fine = one in other
                case "exact_match":
                    fine = one == other
                case "fuzzy_match":
                    fine = 100 * likeness(one, other) >= rule.get("threshold", _LIKE)
                case _:
                    raise EvalError(f"sheet_fuzzy: the type {rule['type']} is unsupported")
            if not fine:
                name = found.cell(row, column).coordinate
                problems.append(f"{name} is {short(one)}, not {short(other)}")
    return problems


def _plain(rule: dict[str, Any], text: str) -> str:
    for before, after in rule.get("normalization", []):
        text = text.replace(before, after)
    if "trim_leadings" in rule:
        text = text.lstrip(rule["trim_leadings"])
    if "trim_trailings" in rule:
        text = text.rstrip(rule["trim_trailings"])
    text = "".join(sign for sign in text if sign not in rule.get("ignore_chars", ""))
    return text.lower() if rule.get("ignore_case") else text


def _read(data: bytes, *, ours: bool) -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError("desktop", "openpyxl") from error
    with reading("workbook", ours=ours):
        check_archive(data)
        return openpyxl.load_workbook(io.BytesIO(data), data_only=True)


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
    """Return the values of a sheet by their places.

    Below its first row, a column of nothing but numbers and texts of numbers is one of numbers.
    """
    found: dict[str, Any] = {}
    for column in sheet.iter_cols():
        head, *below = column
        values = {cell.coordinate: cell.value for cell in below if cell.value not in (None, "")}
        numbers = {place: _number(value) for place, value in values.items()}
        found |= values if None in numbers.values() else numbers
        if head.value not in (None, ""):
            found[head.coordinate] = head.value
    return found


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _same(found: Any, wanted: Any, digits: int) -> bool:
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return round(float(found), digits) == round(float(wanted), digits)
    return bool(found == wanted)


def _property(cell: Any, name: str) -> Any:
    """Return a property of a cell as OSWorld names it; an empty cell has no letters."""
    if name == "value":
        return cell.value
    if name == "merge":
        from openpyxl.cell.cell import MergedCell

        return isinstance(cell, MergedCell)
    if name in ("bgcolor", "fgcolor"):
        return cell.fill.fgColor.rgb if cell.fill else None
    if name == "fill_type":
        return cell.fill.tagname if cell.fill else None
    if cell.value is None:
        return None
    match name:
        case "number_format":
            return cell.number_format if cell.data_type == "n" else None
        case "font_color":
            return cell.font.color.rgb if cell.font.color else None
        case "font_bold" | "font_italic":
            return bool(getattr(cell.font, name.partition("_")[2]))
        case "font_name" | "font_family" | "font_underline" | "font_size":
            return getattr(cell.font, name.partition("_")[2])
    raise EvalError(f"check_cell: the property {name} is unsupported")
