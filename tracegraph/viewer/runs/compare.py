"""Two runs side by side: settings, scores, values, cost."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.runs import Run, find_run, list_runs
from tracegraph.training.intervals import rough_interval
from tracegraph.training.report.changes import difference
from tracegraph.training.report.markup import Markup, clipped, join, section, table, tag
from tracegraph.training.review import Review
from tracegraph.training.wording import title
from tracegraph.viewer.data import review_of, store_of
from tracegraph.viewer.data.listing import state_of
from tracegraph.viewer.data.numbers import numbers
from tracegraph.viewer.marks import amount, bar, choice, lasted, moment, run_path, state_chip
from tracegraph.viewer.page import page
from tracegraph.viewer.runs.training import beside


def compare(request: Request) -> Response:
    """Show two runs, or let them be chosen."""
    store = store_of(request)
    asked = [name for name in request.query_params.getlist("run") if name][:2]
    known = list_runs(store, limit=200)
    entries = [("", "choose a run"), *(
        (run.id, clipped(f"{run.name or run.kind} · {run.id[:12]}", 60)) for run in known
    )]  # fmt: skip
    both = [find_run(store, name) for name in asked]
    chosen = [run.id for run in both] + ["", ""]
    form = tag(
        "form", choice("run", "first run", entries, chosen[0]),
        choice("run", "second run", entries, chosen[1]), tag("button", "Compare"), class_="find",
    )  # fmt: skip
    body = _both(request, both[0], both[1]) if len(both) == 2 else tag(
        "p", "Choose two runs.", class_="empty"
    )  # fmt: skip
    return page(request, "Compare", form, body, place="compare",
                live="" if len(both) == 2 else None)  # fmt: skip


def _both(request: Request, one: Run, other: Run) -> Markup:
    store = store_of(request)
    runs = (one, other)
    head = ["", *(run.name or run.kind for run in runs)]
    counted = [numbers(store, run) for run in runs]
    links = [tag("a", run.id[:16], href=run_path(run.id)) for run in runs]
    rows: list[list[object]] = [
        ["run", *links],
        ["kind", *(run.kind for run in runs)],
        ["state", *(state_chip(state_of(store, run)) for run in runs)],
        ["started", *(moment(run.started) for run in runs)],
        ["tokens", *(amount(n.tokens) for n in counted)],
        ["dollars", *(f"{n.calls.cost:,.4f}" for n in counted)],
        ["calls", *(f"{n.calls.calls:,}" for n in counted)],
        ["time", *(lasted(n.seconds) for n in counted)],
    ]
    settings = [_flat(run.config) for run in runs]
    names = sorted(set(settings[0]) | set(settings[1]))
    differing = [n for n in names if settings[0].get(n) != settings[1].get(n)]
    told: list[list[object]] = [
        [n, *(tag("code", clipped(s.get(n, "-"), 300)) for s in settings)] for n in differing
    ]
    read = {r.id: review_of(request, r) for r in runs if r.kind == "optimize"}
    reviews = [read.get(run.id) for run in runs]
    scored = [
        {**_scores(review, n.rewards), **_trained(run)}
        for run, review, n in zip(runs, reviews, counted, strict=True)
    ]
    labels = dict.fromkeys([*scored[0], *scored[1]])
    measured: list[list[object]] = [[n, *(s.get(n, "-") for s in scored)] for n in labels]
    return tag(
        "div",
        section("Scores", table(head, measured)),
        beside(store, runs),
        section("Final values", _values(reviews[0], reviews[1])),
        section("Cost", table(head, rows)),
        section("Settings that differ", table(head, told) or tag("p", "none")),
        id="compared", data_live=True,
    )  # fmt: skip


def _flat(config: dict[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in config.items():
        if name == "settings" and isinstance(value, dict):
            found |= _flat(value)
        elif name != "seed" or not isinstance(value, dict):
            found[name] = value if isinstance(value, str) else json.dumps(value)
    return found


def _scores(review: Review | None, rewards: object) -> dict[str, Markup]:
    found: dict[str, Markup] = {}
    if review is not None and review.candidates:
        if review.proof is not None:
            for name, e in (("seed, locked", review.proof.before),
                            ("best, locked", review.proof.after)):  # fmt: skip
                found[name] = _measured(e.mean, e.low, e.high, e.count)
        for name, one in (("seed, training", review.seed), ("best, training", review.winner)):
            if scores := list(one.scores.get("train", {}).values()):
                mean = sum(scores) / len(scores)
                found[name] = _measured(mean, *rough_interval(scores), len(scores))
    elif isinstance(rewards, list) and rewards and all(0 <= r <= 1 for r in rewards):
        mean = sum(rewards) / len(rewards)
        found["mean reward"] = _measured(mean, *rough_interval(rewards), len(rewards))
    return found


def _trained(run: Run) -> dict[str, Markup]:
    """Return the held-out accuracies of a training that has ended."""
    told = {name: run.summary.get(name) for name in ("before", "after")}
    return {
        f"held out, {name}": tag("b", f"{value:.3f}")
        for name, value in told.items() if isinstance(value, float)
    }  # fmt: skip


def _measured(mean: float, low: float, high: float, count: int) -> Markup:
    words = f" {low:.3f} to {high:.3f}, {count:,} examples"
    return join([bar(mean, low, high), " ", tag("b", f"{mean:.3f}"), tag("small", words)])


def _values(one: Review | None, other: Review | None) -> Markup:
    if not (one and other and one.candidates and other.candidates):
        return Markup("")
    mine, theirs = one.winner.values, other.winner.values
    names = [n for n in {**mine, **theirs} if mine.get(n) != theirs.get(n)]
    if not names:
        return tag("p", "The same.")
    return join(
        join([tag("h3", title(n)), difference(n, mine.get(n), theirs.get(n))]) for n in names
    )
