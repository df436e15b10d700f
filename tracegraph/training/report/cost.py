"""What a run took, and what went wrong on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracegraph.runs import call_totals, load_state
from tracegraph.training.report.markup import Markup, clipped, join, section, table, tag
from tracegraph.training.review import Review
from tracegraph.training.wording import title

if TYPE_CHECKING:
    from tracegraph.runs import Store

_MOST = 100


def cost(store: Store, review: Review) -> Markup:
    """Return tokens, dollars, seconds, and the calls of each model."""
    totals = call_totals(store, run=review.run.id)
    # The budget's clock, which leaves out the time between a stop and a resume; it runs only
    # while there are models to ask.
    last = review.run.finished or (review.events[-1].created if review.events else 0.0)
    clock = float(load_state(store, review.run.id, "clock", 0.0))
    seconds = clock or max(0.0, last - review.run.started)
    tokens = totals.prompt_tokens + totals.completion_tokens
    evaluated = store.fetch(
        "SELECT split, count(*) FROM evaluations WHERE run = ? GROUP BY split", [review.run.id]
    )
    facts = [
        (f"{tokens:,}", "tokens"),
        (f"$ {totals.cost:,.4f}", "for models"),
        (f"{seconds:,.0f} s", "in all"),
        (f"{totals.calls - totals.cached:,}", f"calls, {totals.cached:,} answered before"),
        (f"{sum(row[1] for row in evaluated):,}", "examples evaluated"),
    ]
    rows: list[list[object]] = [
        [row["model"], f"{row['calls']:,}", f"{row['cached']:,}", f"{row['errors']:,}",
         f"{row['prompt']:,}", f"{row['completion']:,}", f"{row['cost']:.4f}",
         f"{row['latency']:.2f}"]
        for row in store.fetch(
            "SELECT model, count(*) calls, sum(cached) cached, sum(status <> 'ok') errors, "
            "sum(prompt_tokens) prompt, sum(completion_tokens) completion, sum(cost) cost, "
            "avg(latency) latency FROM calls WHERE run = ? GROUP BY model ORDER BY 2 DESC",
            [review.run.id],
        )
    ]  # fmt: skip
    head = ["model", "calls", "answered before", "failed", "tokens in", "tokens out", "dollars",
            "seconds each"]  # fmt: skip
    numbers = tag("div", *(tag("p", tag("b", n), tag("span", w)) for n, w in facts), class_="facts")
    return section("Cost", numbers, table(head, rows))


def troubles(review: Review) -> Markup:
    """Return malformed answers, refused values, and what failed around the workflow."""
    rows: list[list[object]] = []
    malformed = 0
    for stored in review.proposals:
        for one in stored.payload["proposals"]:
            malformed += one["malformed"]
            if not one["malformed"] and not one["refused"] and one["values"]:
                continue
            said = [tag("div", f"{title(n)}: ", clipped(why, 400)) for n, why in
                    one["refused"].items()]  # fmt: skip
            if not one["values"]:
                said.append(tag("div", "no change came of it"))
            rows.append([stored.payload["place"], one["optimizer"], str(one["malformed"]),
                         join(said)])  # fmt: skip
    failed: list[list[object]] = [
        [event.kind, str(event.payload.get("example") or event.payload.get("place") or ""),
         clipped(str(event.payload["why"]), 400)]
        for event in review.events
        if event.kind in ("trouble", "unanswered", "budget")
    ]  # fmt: skip
    return section(
        "Malformed, refused, failed",
        table(["place", "by", "malformed answers", "refused"], rows[:_MOST]),
        table(["what", "where", "why"], failed[:_MOST]),
        note=f"{malformed} answers of models had the wrong form."
        + (f" The first {_MOST} rows." if max(len(rows), len(failed)) > _MOST else ""),
    )
