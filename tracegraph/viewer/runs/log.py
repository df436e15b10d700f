"""The events of a run: searched, filtered, a page at a time."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.runs import Event
from tracegraph.training.report.markup import Markup, chip, clipped, fold, tag
from tracegraph.training.telling import describe
from tracegraph.training.wording import title
from tracegraph.viewer.data import run_of, store_of
from tracegraph.viewer.data.happened import events_page, kinds_of_events
from tracegraph.viewer.marks import choice, here, moment, pager, search
from tracegraph.viewer.page import run_page

_LOOKS = {"accepted": "good", "rejected": "bad", "pending": "warn", "trouble": "bad",
          "unanswered": "bad", "budget": "warn"}  # fmt: skip


def log(request: Request) -> Response:
    """Show the events of a run, the newest first."""
    store, run, asked = store_of(request), run_of(request), request.query_params
    kind = asked.get("kind", "")
    before, after = (_number(asked.get(name, "")) for name in ("before", "after"))
    known = kinds_of_events(store, run.id)
    found = events_page(
        store, run.id, q=asked.get("q", "").strip(), kind=kind, before=before, after=after
    )
    entries = [("", "all kinds"), *((k, f"{k} ({n:,})") for k, n in sorted(known.items()))]
    form = search(request, choice("kind", "kind", entries, kind), hint="Search events")
    rows = found.events
    pages = pager(
        f"{sum(known.values()):,} events",
        here(request, before=None, after=rows[0].id) if rows and found.newer else None,
        here(request, after=None, before=rows[-1].id) if rows and found.older else None,
    )
    listed = tag("ol", *map(_row, rows), class_="log", data_list=True)
    body = tag(
        "section", listed if rows else tag("p", "Nothing fits.", class_="empty"), pages,
        id="log", data_live=not before and not after,
    )  # fmt: skip
    return run_page(request, run, "log", form, body)


def _row(event: Event) -> Markup:
    told = event.payload or {}
    words = describe(event.kind, told).strip()
    if event.kind == "proposal" and isinstance(told.get("values"), dict):
        changes = ", ".join(
            f"{title(n)} = {clipped(str(v), 60)}" for n, v in told["values"].items()
        )
        words = f"{told.get('optimizer', '')} proposes {changes or 'nothing'}"
    elif event.kind == "finished" and told.get("summary"):
        words = str(told["summary"])
    elif not words:
        words = ", ".join(f"{name}: {value}" for name, value in told.items() if name != "spent")
    whole = tag("pre", clipped(json.dumps(told, indent=2, ensure_ascii=False), 20_000))
    return tag(
        "li",
        moment(event.created),
        chip(event.kind, _LOOKS.get(event.kind, "plain")),
        fold(clipped(words, 260) or event.kind, whole),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 16 else 0
