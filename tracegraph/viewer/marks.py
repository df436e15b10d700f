"""Small pieces that several pages show: states, times, numbers, scores with intervals, pages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from starlette.requests import Request

from tracegraph.training.report.markup import Markup, chip, tag
from tracegraph.viewer.access import form_token

_STATES = {"running": "call", "waiting": "warn", "interrupted": "warn", "finished": "good",
           "failed": "bad", "stopped": "plain"}  # fmt: skip


def state_chip(state: str) -> Markup:
    """Return what a run is doing as a label."""
    return chip(state, f"state {_STATES.get(state, 'plain')}")


def run_path(run: str, *parts: str) -> str:
    """Return the path of a page of a run."""
    return "/".join(["/runs", *(quote(part, safe="") for part in (run, *parts))])


def moment(seconds: float) -> Markup:
    """Return a time of day, with the day where it is another than today."""
    at = time.localtime(seconds)
    same = time.strftime("%F", at) == time.strftime("%F")
    return tag("time", time.strftime("%H:%M" if same else "%b %d %H:%M", at),
               title=time.strftime("%F %T", at))  # fmt: skip


def lasted(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def amount(count: float) -> str:
    """Return a count with at most three digits and k or M."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g}{sign}"
    return f"{count:g}"


def facts(pairs: Sequence[tuple[object, str]], **attributes: object) -> Markup:
    """Return numbers with what they count below."""
    made = (tag("p", tag("b", number), tag("span", what)) for number, what in pairs)
    return tag("div", *made, class_="facts", **attributes)


def bar(mean: float, low: float, high: float, look: str = "call") -> Markup:
    """Return a score from 0 to 1 with its interval as a small drawing."""

    def x(value: float) -> float:
        return round(4 + 112 * min(1.0, max(0.0, value)), 1)

    return tag(
        "svg",
        tag("title", f"{mean:.3f}, 95 % interval {low:.3f} to {high:.3f}"),
        tag("line", x1=4, x2=116, y1=8, y2=8, class_="rail"),
        tag("line", x1=x(low), x2=x(high), y1=8, y2=8, class_="reach"),
        tag("circle", cx=x(mean), cy=8, r=4),
        viewBox="0 0 120 16", width=120, height=16, role="img",
        aria_label=f"{mean:.3f} ({low:.3f} to {high:.3f})", class_=f"score-bar {look}",
    )  # fmt: skip


def here(request: Request, **changes: object) -> str:
    """Return this address with some fields of the query changed; None and "" drop one."""
    fields = {**dict(request.query_params), **changes}
    query = urlencode({name: value for name, value in fields.items() if value not in (None, "")})
    return f"{request.url.path}?{query}" if query else request.url.path


def choice(name: str, label: str, values: Sequence[tuple[str, str]], chosen: str) -> Markup:
    """Return a field to choose one of (value, text)."""
    options = (tag("option", text, value=value, selected=value == chosen) for value, text in values)
    return tag("select", *options, name=name, aria_label=label)


def search(request: Request, *fields: object, hint: str) -> Markup:
    """Return the form that searches and filters a list."""
    asked = request.query_params.get("q", "")
    field = tag("input", type="search", name="q", value=asked, placeholder=f"{hint}   ( / )",
                aria_label=hint, autocomplete="off")  # fmt: skip
    return tag("form", field, *fields, tag("button", "Search"), class_="find", role="search")


def post_form(request: Request, path: str, *fields: object, class_: str = "") -> Markup:
    """Return a form that writes; it carries the token that `posted` asks for."""
    hidden = tag("input", type="hidden", name="csrf", value=form_token(request))
    return tag("form", hidden, *fields, method="post", action=path, class_=class_ or None)


def pager(count: str, newer: str | None, older: str | None) -> Markup:
    """Return the links to the neighbours of a page."""
    links = [
        tag("a", text, href=path, class_="button") if path else None
        for text, path in (("← newer", newer), ("older →", older))
    ]
    return tag("nav", tag("span", count, class_="count"), *links, class_="pages",
               aria_label="pages")  # fmt: skip
