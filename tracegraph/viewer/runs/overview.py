"""A run at a glance: how it goes on, what it has found, what it took."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.training.gate import pending, spoken
from tracegraph.training.intervals import rough_interval
from tracegraph.training.report.blame import blame
from tracegraph.training.report.changes import changes, differences
from tracegraph.training.report.cost import cost
from tracegraph.training.report.curve import curve
from tracegraph.training.report.family import evidence_words
from tracegraph.training.report.headline import outcome
from tracegraph.training.report.markup import Markup, clipped, join, section, table, tag
from tracegraph.training.report.repeat import repeat
from tracegraph.training.review import Review
from tracegraph.training.telling import describe
from tracegraph.viewer.data import review_of, run_of, store_of
from tracegraph.viewer.data.happened import events_page
from tracegraph.viewer.data.listing import state_of
from tracegraph.viewer.data.numbers import Numbers, numbers, tokens_by_step
from tracegraph.viewer.drawings import line_drawing
from tracegraph.viewer.marks import amount, bar, facts, lasted, post_form, run_path, state_chip
from tracegraph.viewer.page import run_page
from tracegraph.viewer.runs.training import is_training, training

if TYPE_CHECKING:
    from tracegraph.runs import Run, Store


def overview(request: Request) -> Response:
    """Show a run."""
    store, run = store_of(request), run_of(request)
    found = numbers(store, run)
    review = review_of(request, run) if run.kind == "optimize" else None
    parts: list[object] = [_progress(store, run, found)]
    if review is not None and review.candidates:
        if waits := _waiting(request, store, review):
            parts.insert(0, waits)
        spent = tokens_by_step(store, run.id)
        tokens = line_drawing(spent, "steps", "tokens so far") if any(n for _, n in spent) else ""
        parts += [
            section("Result", outcome(review)),
            curve(review),
            section("Tokens", tokens) if tokens else None,
            changes(review),
            blame(review),
            cost(store, review),
            repeat(review),
        ]
    elif is_training(run):
        parts += [*training(store, run), _settings(run)]
    else:
        parts += [_rewards(found), _settings(run)]
    beside = [
        state_chip(state_of(store, run)),
        tag("a", "Compare…", href=f"/compare?run={run.id}", class_="button"),
        tag("a", "Export HTML", href=run_path(run.id, "export.html"), class_="button"),
    ]
    body = tag("div", *parts, id="overview", data_live=True)
    return run_page(request, run, "overview", body, beside=join(beside))


def _progress(store: Store, run: Run, found: Numbers) -> Markup:
    given = run.config.get("settings", {})
    budget = run.config.get("budget") or {}
    shown: list[tuple[object, str]] = []
    if found.steps:
        shown.append((f"{found.steps} / {given.get('steps', '?')}", "steps"))
    if found.candidates:
        shown.append((f"{found.candidates:,}", "candidates"))
    if found.evaluations:
        shown.append((f"{found.evaluations:,}", "examples evaluated"))
    if episodes := sum(found.outcomes.values()):
        shown.append((f"{episodes:,}", "episodes"))
    of = f" of {amount(budget['tokens'])}" if "tokens" in budget else ""
    if found.calls.calls or not is_training(run):
        shown += [
            (amount(found.tokens), f"tokens{of}"),
            (f"${found.calls.cost:,.2f}", "for models"),
            (f"{found.calls.calls - found.calls.cached:,}",
             f"calls, {found.calls.cached:,} answered before"),
        ]  # fmt: skip
    shown.append((lasted(found.seconds), "since the start" if run.finished is None else "in all"))
    if found.calls.errors:
        shown.append((f"{found.calls.errors:,}", "failed calls"))
    last = events_page(store, run.id, q="", kind="").events[:1]
    now = describe(last[0].kind, last[0].payload or {}).strip() if last else ""
    error = run.summary.get("error")
    return tag(
        "section",
        facts(shown),
        tag("p", tag("b", "Now: "), clipped(now, 300), class_="now") if now else None,
        tag("p", clipped(str(error), 1000), class_="wrong") if error else None,
        class_="progress",
    )


def _waiting(request: Request, store: Store, review: Review) -> Markup:
    waits = pending(store, review.run.id)
    if waits is None:
        return Markup("")
    after = review.candidate(str(waits["candidate"]))
    if verdict := spoken(store, review.run.id, after.name):
        words = "approved" if verdict.approved else "rejected"
        note = f"{after.name} is {words}; the run goes on as soon as its process looks."
        return section("Said", tag("p", note, class_="said-so"))
    told = {"against": review.winner.name, **waits["evidence"]}
    reason = tag("textarea", name="reason", id="reason", aria_label="reason",
                 placeholder="Why? The optimizer reads the reason of a rejection.")  # fmt: skip
    buttons = tag(
        "div",
        tag("button", "Approve", class_="go", name="verdict", value="approve"),
        tag("button", "Reject", class_="stop", name="verdict", value="reject"),
        class_="buttons",
    )
    candidate = tag("input", type="hidden", name="candidate", value=after.name)
    return section(
        f"Candidate {after.name} waits for you",
        tag("p", *evidence_words(told)),
        differences(review.winner, after),
        post_form(request, run_path(review.run.id, "verdict"), candidate, reason, buttons),
    )


def _rewards(found: Numbers) -> Markup:
    rows: list[list[object]] = [
        [name, f"{count:,}", f"{count / sum(found.outcomes.values()):.0%}"]
        for name, count in sorted(found.outcomes.items(), key=lambda pair: -pair[1])
    ]
    if not rows:
        return Markup("")
    scores: object = None
    if found.rewards:
        mean = sum(found.rewards) / len(found.rewards)
        inside = all(0 <= reward <= 1 for reward in found.rewards)
        low, high = rough_interval(found.rewards) if inside else (mean, mean)
        words = f" mean reward of {len(found.rewards):,} episodes"
        span = f" (95 % interval {low:.3f} to {high:.3f})" if inside else ""
        scores = tag("p", tag("b", f"{mean:.3f}"), words, span, " ",
                     bar(mean, low, high) if inside else None)  # fmt: skip
    total, points = 0.0, list[tuple[float, float]]()
    for place, reward in enumerate(found.rewards, 1):
        total += reward
        points.append((place, total / place))
    stride = 1 + len(points) // 400
    drawing = line_drawing(points[::stride], "episodes", "mean reward so far")
    return section("Result", scores, table(["outcome", "episodes", "share"], rows), drawing)


def _settings(run: Run) -> Markup:
    rows: list[list[object]] = [
        [name, tag("code", clipped(value if isinstance(value, str) else json.dumps(value), 600))]
        for name, value in run.config.items()
    ]
    return section("Settings", table(["setting", "value"], rows))
