"""The list of episodes: search, filter, order, pages."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.runs import get_run
from tracegraph.training.report.markup import Markup, chip, clipped, tag
from tracegraph.viewer.data import store_of
from tracegraph.viewer.episodes.found import ORDERS, PAGE, Brief, Filter, Found, choices, find
from tracegraph.viewer.episodes.wording import KINDS, ago, number, seconds
from tracegraph.viewer.episodes.words import Words
from tracegraph.viewer.page import page, run_page

_STYLES = ("/episodes/static/episodes.css",)


def listing(request: Request) -> Response:
    """Show the episodes that a filter lets through, a page of them."""
    store = store_of(request)
    wanted = Filter.of(request.query_params)
    found = find(store, wanted, words_of(request))
    body = (
        _form(wanted, choices(store)),
        tag(
            "div",
            _summary(found),
            _rows(found.rows) if found.rows else tag("p", "No episode fits.", class_="empty"),
            _pages(wanted, found),
            id="found",
            data_live=True,
        ),
    )
    run = get_run(store, wanted.run) if wanted.run else None
    if run is not None:
        return run_page(request, run, "episodes", *body, styles=_STYLES)
    return page(request, "Episodes", *body, place="episodes", styles=_STYLES, live="")


def words_of(request: Request) -> Words:
    """Return the application's index of words."""
    state = request.app.state
    if not hasattr(state, "words"):
        state.words = Words(state.store)
    words: Words = state.words
    return words


def _form(wanted: Filter, known: object) -> Markup:
    fields = [
        tag("input", type="search", name="q", value=wanted.q, aria_label="Search",
            placeholder="Search tasks, messages, actions  ( / )"),
        *(_choice(name, getattr(wanted, name), getattr(known, name))
          for name in ("agent", "env", "outcome", "run")),
        *(tag("input", type="number", step="any", name=name, aria_label=f"{label} reward",
              value=f"{value:g}" if value is not None else "", placeholder=f"{label} reward")
          for name, label, value in (("least", "min", wanted.least), ("most", "max", wanted.most))),
        _choice("order", wanted.order, Counter(ORDERS.keys()), whole=False),
        tag("input", type="hidden", name="task", value=wanted.task) if wanted.task else None,
        tag("button", "Find", type="submit"),
    ]  # fmt: skip
    task = None
    if wanted.task:
        task = tag("p", "Only the task ", chip(wanted.task, "neutral"),
                   tag("a", "all tasks", href=_link(wanted, task="")))  # fmt: skip
    return tag("div", tag("form", *fields, class_="find", method="get"), task)


def _choice(name: str, chosen: str, known: Counter[str], *, whole: bool = True) -> Markup:
    values = sorted(known) if name != "order" else list(known)
    if name == "run":
        values = sorted(known, reverse=True)[:50]
    if chosen and chosen not in values:
        values.append(chosen)
    options = [tag("option", f"any {name}", value="")] if whole else []
    for value in values:
        shown = f"{value} ({known[value]:,})" if whole else value
        options.append(tag("option", shown, value=value, selected=value == chosen))
    return tag("select", *options, name=name, aria_label=name)


def _summary(found: Found) -> Markup:
    told = [tag("b", f"{found.total:,}"), " episode" if found.total == 1 else " episodes"]
    if found.mean is not None:
        told += [", mean reward ", tag("b", number(found.mean))]
    if found.known and found.searched < found.known:
        told.append(f"; searched {found.searched:,} of {found.known:,} so far, going on")
    at, bars = 0.0, []
    for outcome, count in found.outcomes.items():
        width = 1000 * count / found.total
        bars.append(tag("rect", tag("title", f"{outcome}: {count:,}"), x=round(at, 1), y=0,
                        width=round(max(0.0, width - 2), 1), height=8, rx=2,
                        class_=KINDS.get(outcome, "plain")))  # fmt: skip
        at += width
    bar = tag("svg", *bars, viewBox="0 0 1000 8", preserveAspectRatio="none", class_="share",
              aria_hidden="true") if bars else None  # fmt: skip
    legend = [
        tag("span", tag("i", class_=f"dot {KINDS.get(outcome, 'plain')}"), f"{outcome} {count:,}")
        for outcome, count in found.outcomes.items()
    ]
    return tag("div", tag("p", *told), tag("p", *legend, class_="legend"), bar, class_="summary")


def _rows(rows: list[Brief]) -> Markup:
    return tag("div", *map(_row, rows), class_="episodes", data_list=True)


def _row(one: Brief) -> Markup:
    row = one.row
    first = [
        tag("b", clipped(row.task or row.key, 80)),
        tag("span", row.agent, class_="soft"),
        chip(row.outcome, KINDS.get(row.outcome, "plain")),
        tag("span", "" if row.reward is None else number(row.reward), class_="reward"),
    ]
    facts = [
        f"{one.turns} turn{'' if one.turns == 1 else 's'}",
        f"{one.tokens:,} tokens" if one.tokens else None,
        seconds(row.finished - row.started),
        ago(row.started),
    ]
    return tag(
        "a",
        tag("span", *first, class_="first"),
        tag("span", clipped(" ".join(one.about.split()), 200), class_="about"),
        tag("span", clipped(" ".join(one.told.split()), 140), class_="told") if one.told else None,
        tag("span", " · ".join(f for f in facts if f), class_="facts-of"),
        href=f"/episodes/{quote(row.id)}",
        class_="episode",
        data_entry=True,
    )


def _pages(wanted: Filter, found: Found) -> Markup:
    last = max(1, -(-found.total // PAGE))
    links = [tag("span", f"page {wanted.page:,} of {last:,}", class_="count")]
    if wanted.page > 1:
        links.append(tag("a", "← back", href=_link(wanted, page=wanted.page - 1), class_="button"))
    if wanted.page < last:
        links.append(tag("a", "more →", href=_link(wanted, page=wanted.page + 1), class_="button"))
    return tag("div", *links, class_="pages")


def _link(wanted: Filter, **changes: object) -> str:
    if "page" not in changes:
        changes["page"] = 1
    return f"/episodes/?{urlencode(wanted.query(**changes))}"
