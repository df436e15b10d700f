"""Checks of text documents (.docx)."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.archives import check_archive
from tracegraph.envs.desktop.tasks.evaluators.verdict import Verdict, likeness, reading, short
from tracegraph.errors import MissingExtraError

# How a file of OpenDocument begins, after the head of the archive.
_KIND = b"application/vnd.oasis.opendocument.text"
_ODF = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CENTER = 1  # WD_ALIGN_PARAGRAPH.CENTER


def compare_docx_files(result: bytes, expected: bytes, **options: Any) -> Verdict:
    """Check the text of a document (.docx, .odt): by itself blanks count as one.

    Without ``ignore_blanks`` paragraphs must be the same one by one. ``ignore_case``,
    ``ignore_order`` and ``delete_empty_lines`` of paragraphs; ``content_only`` and ``fuzzy_match``
    give how alike the texts are.
    """
    wanted, found = _texts(expected, ours=True), _texts(result)
    if options.get("ignore_order"):
        wanted, found = sorted(wanted), sorted(found)
    if options.get("delete_empty_lines"):
        wanted, found = ([one for one in texts if one.strip()] for texts in (wanted, found))
    if options.get("ignore_case"):
        wanted, found = ([one.lower() for one in texts] for texts in (wanted, found))
    if options.get("content_only") or options.get("ignore_blanks", True):
        wanted, found = ([" ".join(" ".join(texts).split())] for texts in (wanted, found))
    if options.get("content_only") or options.get("fuzzy_match"):
        return _alike(found, wanted)
    return Verdict.of(_differences(found, wanted))


def _alike(found: list[str], wanted: list[str]) -> Verdict:
    if len(found) != len(wanted):
        return Verdict(0.0, f"there are {len(found)} paragraphs, not {len(wanted)}")
    pairs = list(zip(found, wanted, strict=True))
    value = sum(likeness(*pair) for pair in pairs) / len(pairs) if pairs else 1.0
    return Verdict(value, "" if value >= 1 else f"the texts are {value:.2f} alike")


def _alike_until(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _differences(found: list[str], wanted: list[str]) -> list[str]:
    problems = [
        f"{short(text[at:])} stands where {short(should[at:])} is wanted"
        for text, should in zip(found, wanted, strict=False)
        if text != should
        for at in [max(0, _alike_until(text, should) - 20)]
    ]
    if len(found) != len(wanted):
        problems.append(f"there are {len(found)} paragraphs, not {len(wanted)}")
    return problems


def compare_docx_tables(result: bytes, expected: bytes) -> Verdict:
    """Check the texts of all cells of all tables."""

    def cells(document: Any) -> list[list[list[str]]]:
        return [
            [[c.text.strip() for c in row.cells] for row in table.rows] for table in document.tables
        ]

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
    with reading("document", ours=ours):
        check_archive(data)
        return docx.Document(io.BytesIO(data))


def _texts(data: bytes, *, ours: bool = False) -> list[str]:
    """Return the paragraphs of a document, by what the file says it is."""
    if _KIND not in data[:200]:
        return [paragraph.text for paragraph in _read(data, ours=ours).paragraphs]
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    with reading("document", ours=ours):
        check_archive(data)
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            root = etree.fromstring(packed.read("content.xml"), parser)
    return ["".join(paragraph.itertext()) for paragraph in root.iter(f"{_ODF}p")]
