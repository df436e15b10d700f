"""Checks of text documents (.docx)."""

from __future__ import annotations

import io
import re
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict, short
from tracegraph.envs.protocol import EvalError
from tracegraph.errors import MissingExtraError

_CENTER = 1  # WD_ALIGN_PARAGRAPH.CENTER


def compare_docx_files(result: bytes, expected: bytes, **options: Any) -> Verdict:
    """Check the text of every paragraph, by option without regard to blanks or case."""
    wanted, found = _texts(_read(expected, ours=True)), _texts(_read(result))
    if options.get("ignore_blanks", True):
        found = [" ".join(text.split()) for text in found if text.strip()]
        wanted = [" ".join(text.split()) for text in wanted if text.strip()]
    if options.get("ignore_case"):
        found, wanted = [t.lower() for t in found], [t.lower() for t in wanted]
    problems = [
        f"paragraph {number} is {short(text)}, not {short(should)}"
        for number, (text, should) in enumerate(zip(found, wanted, strict=False), 1)
        if text != should
    ]
    if len(found) != len(wanted):
        problems.append(f"there are {len(found)} paragraphs, not {len(wanted)}")
    return Verdict.of(problems)


def compare_docx_tables(result: bytes, expected: bytes) -> Verdict:
    """Check the texts of all cells of all tables."""

    def cells(document: Any) -> list[list[list[str]]]:
        return [[[c.text for c in row.cells] for row in table.rows] for table in document.tables]

    wanted, found = cells(_read(expected, ours=True)), cells(_read(result))
    same = found == wanted
    return Verdict.of([] if same else [f"the tables are {short(found)}, not {short(wanted)}"])


def compare_font_names(result: bytes, rules: dict[str, Any]) -> Verdict:
    """Check that every run of text has the font ``font_name``."""
    document = _read(result)
    wanted = rules["font_name"]
    names = [
        run.font.name or paragraph.style.font.name
        for paragraph in document.paragraphs
        for run in paragraph.runs
        if run.text.strip()
    ]
    wrong = [f"a text has the font {name}" for name in names if name != wanted]
    return Verdict.of(wrong if names else ["there is no text"])


def is_first_line_centered(result: bytes, _expected: Any = None) -> Verdict:
    """Check that the first paragraph stands in the middle."""
    paragraphs = _read(result).paragraphs
    fine = bool(paragraphs) and paragraphs[0].paragraph_format.alignment == _CENTER
    return Verdict.of([] if fine else ["the first paragraph is not centered"])


def contains_page_break(result: bytes, rules: dict[str, Any] | None = None) -> Verdict:
    """Check that there is a page break, or as many as ``page_break_count``."""
    document = _read(result)
    xml = "".join(paragraph._element.xml for paragraph in document.paragraphs)
    count = len(re.findall(r'<w:br [^>]*w:type="page"', xml))
    count += len(re.findall(r"<w:pageBreakBefore(?: w:val=\"(?:1|true)\")?/>", xml))
    wanted = (rules or {}).get("page_break_count")
    fine = count >= 1 if wanted is None else count == wanted
    return Verdict.of([] if fine else [f"there are {count} page breaks"])


def _read(data: bytes, *, ours: bool = False) -> Any:
    try:
        import docx
    except ImportError as error:
        raise MissingExtraError("desktop", "python-docx") from error
    try:
        return docx.Document(io.BytesIO(data))
    except Exception as error:  # broken files make the parsers raise nearly anything
        if ours:
            raise EvalError(f"the expected document cannot be read: {error}") from error
        raise Spoiled(f"it is no document: {error}") from error


def _texts(document: Any) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs]
