"""One frame for all pages: the bar with the places, the way back, the title, the body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse

from tracegraph.training.report.markup import tag
from tracegraph.viewer.data import pulse, store_of

if TYPE_CHECKING:
    from tracegraph.runs import Run

_PLACES = (
    ("runs", "Runs", "/runs"),
    ("episodes", "Episodes", "/episodes/"),
    ("graphs", "Graphs", "/graphs/"),
    ("compare", "Compare", "/compare"),
)
_TABS = (
    ("overview", "Overview", "/runs/{run}"),
    ("candidates", "Candidates", "/runs/{run}/candidates"),
    ("log", "Log", "/runs/{run}/log"),
    ("episodes", "Episodes", "/episodes/?run={run}"),
    ("graphs", "Graphs", "/graphs/?run={run}"),
)


def page(
    request: Request,
    title: str,
    *body: object,
    place: str = "runs",
    crumbs: Sequence[tuple[str, str]] = (),
    beside: object = None,
    tabs: object = None,
    live: str | None = None,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    wide: bool = False,
    status: int = 200,
) -> HTMLResponse:
    """Return a page.

    Args:
        request: what is answered.
        title: of the page and of the window.
        body: pieces made with ``tag``; anything else is shown as text.
        place: which entry of the bar is marked: runs, episodes, graphs, compare.
        crumbs: (text, path) of the pages above this one.
        beside: chips and buttons at the right of the title.
        tabs: pages of the same thing, below the title.
        live: follow a run by its id, all runs with "", nothing with None: elements with the
            attribute ``data-live`` and an id are fetched anew when something happens.
        scripts: paths of modules, besides the common one.
        styles: paths of style sheets, besides the common ones.
        wide: use the whole width of the window.
        status: of HTTP.
    """
    bar = tag(
        "header",
        tag("a", tag("b", "trace"), "graph", href="/runs", class_="brand"),
        tag(
            "nav",
            *(
                tag("a", label, href=path, aria_current="page" if name == place else None)
                for name, label, path in _PLACES
            ),
            aria_label="places",
        ),
        tag("span", class_="beat", title="not live"),
        tag("button", "theme", id="theme", type="button", title="light, dark, or as the system"),
        class_="bar",
    )
    way = [tag("a", text, href=path) for text, path in crumbs]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · tracegraph"),
        tag("link", rel="icon", href="/static/icon.svg"),
        *(
            tag("link", rel="stylesheet", href=path)
            for path in ("/static/pieces.css", "/static/style.css", "/static/curves.css", *styles)
        ),
        tag("script", src="/static/theme.js"),
        *(tag("script", type="module", src=path) for path in ("/static/main.js", *scripts)),
    )
    follow = {}
    if live is not None:
        now = pulse(store_of(request), live or None)
        follow = {
            "data_events": "/events?" + urlencode({"run": live, "after": now.event}),
            "data_pulse": now.text,
        }
    content = tag(
        "body",
        tag("a", "to the content", href="#main", class_="skip"),
        bar,
        tag(
            "main",
            tag("nav", *way, class_="crumbs", aria_label="way back") if way else None,
            tag("div", tag("h1", title), tag("div", beside, class_="beside"), class_="headline"),
            tabs,
            *body,
            id="main",
            class_="wide-page" if wide else None,
        ),
        **follow,
    )
    return HTMLResponse(f"<!doctype html>\n{tag('html', head, content, lang='en')}\n", status)


def run_page(
    request: Request,
    run: Run,
    tab: str,
    *body: object,
    beside: object = None,
    crumbs: Sequence[tuple[str, str]] = (),
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
    wide: bool = False,
) -> HTMLResponse:
    """Return a page about a run, with the tabs of the run; it follows the run.

    Args:
        request, body, beside, crumbs, scripts, styles, wide: as in `page`; the way back
            to the runs is there already.
        run: the run.
        tab: which one is open: overview, candidates, log, episodes, graphs.
    """
    entries = [
        tag("a", label, href=path.format(run=quote(run.id)),
            aria_current="page" if name == tab else None)
        for name, label, path in _TABS if name != "candidates" or run.kind == "optimize"
    ]  # fmt: skip
    return page(
        request,
        run.name or run.kind,
        *body,
        crumbs=[("Runs", "/runs"), *crumbs],
        beside=beside,
        tabs=tag("nav", *entries, class_="tabs-of", aria_label="of this run"),
        live=run.id,
        scripts=scripts,
        styles=styles,
        wide=wide,
    )
