"""HTML from pieces: what is not marked as HTML becomes text, whoever wrote it."""

from __future__ import annotations

import html

from tracegraph.graph.export.kinds import printable

_LONGEST = 1500
# Elements without an end tag.
_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta"})


class Markup(str):
    """A text that is HTML."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return a value as HTML that shows it; HTML passes as it is, None shows nothing."""
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else html.escape(printable(str(value))))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: of the element.
        children: HTML, or values that are shown as text.
        attributes: an underscore at the end is dropped, others become dashes; None and False
            leave the attribute out, True gives it no value.
    """
    written = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-")
        written.append(f" {label}" if value is True else f' {label}="{text(str(value))}"')
    start = f"<{name}{''.join(written)}>"
    if name in _VOID:
        return Markup(start)
    return Markup(f"{start}{join(children)}</{name}>")


def join(pieces: object) -> Markup:
    """Return several pieces one after the other."""
    return Markup("".join(map(text, pieces)))  # type: ignore[call-overload]


def clipped(value: str, longest: int = _LONGEST) -> str:
    """Return a text, its end cut off when it is long; the cut says how much is missing."""
    if len(value) <= longest:
        return value
    return f"{value[:longest]}… ({len(value) - longest:,} more characters)"


def section(title: str, *children: object, note: str = "") -> Markup:
    """Return a part of the page under a heading; empty without children."""
    body = join(children)
    if not body:
        return Markup("")
    said = tag("p", note, class_="note") if note else None
    return tag("section", tag("h2", title), said, body)


def table(head: list[str], rows: list[list[object]], **attributes: object) -> Markup:
    """Return a table that scrolls by itself when it is wide; empty without rows."""
    if not rows:
        return Markup("")
    top = tag("tr", *(tag("th", title, scope="col") for title in head))
    body = [tag("tr", *(_cell(cell) for cell in row)) for row in rows]
    made = tag("table", tag("thead", top), tag("tbody", *body), **attributes)
    return tag("div", made, class_="wide")


def _cell(value: object) -> Markup:
    numeric = isinstance(value, str) and value[:1] in "+-0123456789$" and not value[-1:].isalpha()
    return tag("td", value, class_="number" if numeric and value else None)


def chip(value: object, kind: str = "plain") -> Markup:
    """Return a small label; ``kind`` is its look in the style sheet."""
    return tag("span", value, class_=f"chip {kind}")


def fold(title: object, *children: object, opened: bool = False) -> Markup:
    """Return something that opens when its title is clicked."""
    return tag("details", tag("summary", title), *children, open=opened)
