"""The list of runs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.training.report.markup import Markup, clipped, tag
from tracegraph.training.wording import score
from tracegraph.viewer.data import store_of
from tracegraph.viewer.data.listing import SIZE, Listed, kinds, list_page
from tracegraph.viewer.marks import (
    amount,
    choice,
    here,
    lasted,
    moment,
    pager,
    run_path,
    search,
    state_chip,
)
from tracegraph.viewer.page import page

_STATES = ("running", "waiting", "finished", "failed", "stopped", "interrupted")
_HEAD = ("", "run", "state", "score", "done", "tokens", "cost", "took", "started")


def listing(request: Request) -> Response:
    """Show the runs that fit the search, the newest first."""
    store, asked = store_of(request), request.query_params
    number = asked.get("page", "1")
    at = max(1, int(number)) if number.isdecimal() else 1
    kind, state = asked.get("kind", ""), asked.get("state", "")
    found = list_page(
        store, q=asked.get("q", "").strip(), kind=kind, state=state, start=(at - 1) * SIZE
    )
    form = search(
        request,
        choice("kind", "kind", [("", "all kinds"), *((k, k) for k in kinds(store))], kind),
        choice("state", "state", [("", "all states"), *((s, s) for s in _STATES)], state),
        hint="Search runs",
    )
    if found.runs:
        head = tag("tr", *(tag("th", text, scope="col") for text in _HEAD))
        shown = tag(
            "form",
            tag("div", tag("table", tag("thead", head), tag("tbody", *map(_row, found.runs)),
                           class_="list"), class_="wide", data_list=True),
            tag("div", tag("button", "Compare the two that are marked"), class_="under"),
            action="/compare",
        )  # fmt: skip
    else:
        words = "No run fits." if asked else "No runs yet: tracegraph optimize FILE.py --data FILE"
        shown = tag("p", words, class_="empty")
    first = (at - 1) * SIZE
    pages = pager(
        f"{first + 1}-{first + len(found.runs)} of {found.count:,} runs" if found.runs else "",
        here(request, page=at - 1) if at > 1 else None,
        here(request, page=at + 1) if first + SIZE < found.count else None,
    )
    body = tag("section", shown, pages, id="runs", data_live=True)
    return page(request, "Runs", form, body, live="")


def _row(one: Listed) -> Markup:
    run = one.run
    scored: object = score(one.score)
    if one.before is not None and one.before != one.score:
        scored = [tag("span", f"{one.before:.3f} → ", class_="soft"), tag("b", score(one.score))]
    took = lasted(run.finished - run.started) if run.finished else ""
    return tag(
        "tr",
        tag("td", tag("input", type="checkbox", name="run", value=run.id,
                      aria_label=f"mark {run.name or run.kind}")),
        tag("td",
            tag("a", clipped(run.name or run.kind, 80), href=run_path(run.id), data_entry=True,
                class_="name"),
            tag("div", run.kind if run.name else run.id[:12],
                tag("span", " · ", clipped(one.what, 110)) if one.what else None,
                class_="soft small"), class_="main"),
        tag("td", state_chip(one.state)),
        tag("td", *(scored if isinstance(scored, list) else [scored]), class_="number"),
        tag("td", f"{one.done:,}", class_="number"),
        tag("td", amount(one.tokens), class_="number"),
        tag("td", f"${one.cost:,.2f}" if one.cost else "-", class_="number"),
        tag("td", took, class_="number"),
        tag("td", moment(run.started), class_="number"),
    )  # fmt: skip
