"""Checks of PDF files."""

from __future__ import annotations

import io
import operator
from collections.abc import Callable
from typing import Any

from tracegraph.envs.desktop.tasks.evaluators.verdict import Spoiled, Verdict, likeness, reading
from tracegraph.envs.protocol import EvalError
from tracegraph.errors import MissingExtraError

_RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
_MOST_PAGES = 2000


def compare_pdfs(result: Any, expected: Any) -> Verdict:
    """Give how alike the texts of PDF files are: of one, or of several on average."""
    results = result if isinstance(result, list) else [result]
    wanted = expected if isinstance(expected, list) else [expected]
    total, why = 0.0, []
    for number, should in enumerate(wanted):
        text = _text(_read(should, ours=True))
        try:
            found = _text(_read(results[number])) if number < len(results) else None
        except Spoiled as error:
            why.append(str(error))
            continue
        value = 0.0 if found is None else likeness(found, text)
        total += value
        if value < 1:
            why.append(f"PDF {number + 1} is {value:.2f} like the expected one")
    return Verdict(total / len(wanted), "; ".join(why[:3]))


def check_pdf_pages(result: bytes, rules: dict[str, Any]) -> Verdict:
    """Check the number of pages: ``relation`` (as ``eq``) to ``ref_value``."""
    if rules["relation"] not in _RELATIONS:
        raise EvalError(f"check_pdf_pages has no relation {rules['relation']}")
    count = _count(_read(result))
    fine = _RELATIONS[rules["relation"]](count, rules["ref_value"])
    return Verdict.of([] if fine else [f"there are {count} pages"])


def _read(data: bytes, *, ours: bool = False) -> Any:
    try:
        import pypdf
    except ImportError as error:
        raise MissingExtraError("desktop", "pypdf") from error
    with reading("PDF", ours=ours):
        read = pypdf.PdfReader(io.BytesIO(data))
        if _count(read) > _MOST_PAGES:
            raise ValueError(f"it has more than {_MOST_PAGES} pages")
        return read


def _count(read: Any) -> int:
    return len(read.pages)


def _text(read: Any) -> str:
    try:
        return "".join(page.extract_text() for page in read.pages).strip()
    except Exception as error:  # as above
        raise Spoiled(f"the text of the PDF cannot be read: {error!r}") from error
