"""The page of a run, put together and written."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources
from typing import TYPE_CHECKING

from tracegraph.training.apply import replace_file
from tracegraph.training.report.blame import blame
from tracegraph.training.report.changes import changes
from tracegraph.training.report.cost import cost, troubles
from tracegraph.training.report.curve import curve
from tracegraph.training.report.examples import examples, framed, records
from tracegraph.training.report.family import family
from tracegraph.training.report.headline import headline
from tracegraph.training.report.markup import Markup, join, tag
from tracegraph.training.report.repeat import repeat
from tracegraph.training.review import Review

if TYPE_CHECKING:
    from pathlib import Path

    from tracegraph.runs import Store

_HASHES = re.compile(r"(style|script)-src ('sha256-[A-Za-z0-9+/=]+')")


def write_report(store: Store, run: str, page: Path) -> Path:
    """Write the page of a run and return where it is; folders are made.

    Args:
        store: the open store.
        run: the run's id, the beginning of it, or "last".
        page: the file; one of that name is replaced.

    Raises:
        TracegraphError: there is no such run, or it has not begun.
    """
    content = page_of(store, run)
    page.parent.mkdir(parents=True, exist_ok=True)
    if not page.exists():
        page.touch()
    replace_file(page, content.encode("utf-8"))
    return page


def page_of(store: Store, run: str) -> str:
    """Return the page of a run, also of one that still goes on."""
    review = Review.of(store, run)
    found = records(store, review)
    style = "".join(
        resources.files(__package__).joinpath(name).read_text("utf-8")
        for name in ("pieces.css", "report.css")
    )
    body = join(
        [
            headline(review),
            changes(review),
            curve(review),
            family(review),
            blame(review),
            examples(store, review),
            framed(found),
            cost(store, review),
            troubles(review),
            repeat(review),
        ]
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, found)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{review.run.name}: tracegraph"),
        tag("style", Markup(style)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', tag('main', body)), lang='en')}\n"


def _policy(style: str, records: list[tuple[str, str]]) -> str:
    """Return what the page may do: its style, and in the frames the script of the graphs.

    A frame obeys the policy of the page around it as well as its own.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = {"style": {f"'sha256-{digest}'"}, "script": set[str]()}
    for _, page in records:
        for kind, value in _HASHES.findall(page[: page.index("</head>")]):
            allowed[kind].add(value)
    scripts = " ".join(sorted(allowed["script"])) or "'none'"
    return (
        f"default-src 'none'; style-src {' '.join(sorted(allowed['style']))}; "
        f"script-src {scripts}; base-uri 'none'; form-action 'none'"
    )
