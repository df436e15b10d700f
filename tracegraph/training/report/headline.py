"""The top of the page: before and after, what that is worth, what was changed."""

from __future__ import annotations

import time

from tracegraph.training.proof import Estimate, Proof
from tracegraph.training.report.markup import Markup, chip, join, tag
from tracegraph.training.review import Review, changed
from tracegraph.training.wording import title

_WIDTH, _ROW = 560, 34
_LEFT = 56  # room for the labels


def headline(review: Review) -> Markup:
    """Return the result in one look."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(review.run.started))
    return tag(
        "header",
        tag("p", f"tracegraph optimize · {when} · run {review.run.id}", class_="soft"),
        tag("h1", review.run.name),
        outcome(review),
    )


def outcome(review: Review) -> Markup:
    """Return the verdict, the scores with their intervals, and what they are worth."""
    verdict, kind, words = _verdict(review)
    proof = review.proof
    numbers = None
    if proof is not None:
        numbers = tag("div", _numbers(review, proof), _intervals(review, proof), class_="numbers")
    return join(
        [
            tag("p", chip(verdict, kind), class_="verdict"),
            numbers,
            tag("p", words, class_="lead"),
            _changes(review),
        ]
    )


def _verdict(review: Review) -> tuple[str, str, str]:
    """Return the verdict, its look, and the sentences below it."""
    proof = review.proof
    if review.winner.name == review.seed.name:
        if proof is None:
            return _unproven(review, "No change was accepted so far")
        return (
            "The seed is kept",
            "neutral",
            "No change was shown to be better on fresh examples, so nothing changes. On the "
            f"{proof.planned} locked examples the seed scores {proof.before}.",
        )
    if proof is None:
        return _unproven(review, "Accepted, not yet proven")
    change = proof.difference
    span = f"{change.mean:+.3f} (95 % interval {change.low:+.3f} to {change.high:+.3f})"
    some = "" if proof.complete else f" The budget ended after {proof.before.count} of them."
    if change.mean <= 0:
        return (
            "The seed is kept",
            "neutral",
            f"A change passed its test but is not better on the {proof.planned} locked examples "
            f"({span}), so the seed is kept.{some}",
        )
    told = (
        f"On {proof.planned} locked examples that no decision touched the score changed by {span}: "
        f"{proof.wins} better, {proof.losses} worse.{some}"
    )
    if change.low > 0:
        return "Proven better", "good", told
    return (
        "Better, not proven",
        "warn",
        f"{told} The interval includes no change: it may be chance.",
    )


def _unproven(review: Review, verdict: str) -> tuple[str, str, str]:
    why = review.run.summary.get("error") or review.run.summary.get("stopped") or ""
    said = f" ({why})" if why else ""
    return verdict, "warn", f"The run is {review.state}{said}; the locked examples were not run."


def _numbers(review: Review, proof: Proof) -> Markup:
    before = tag("b", f"{proof.before.mean:.3f}")
    if review.winner.name == review.seed.name:
        return tag("p", before, class_="score")
    after = tag("b", f"{proof.after.mean:.3f}", class_="good" if review.improved else None)
    return tag("p", before, tag("span", "→", class_="soft"), after, class_="score")


def _intervals(review: Review, proof: Proof) -> Markup:
    """Return the scores with their intervals on one scale from 0 to 1."""
    rows = [("before", proof.before, "before")]
    if review.winner.name != review.seed.name:
        rows.append(("after", proof.after, "after"))
    height = len(rows) * _ROW + 22
    marks = [_interval(name, e, look, i) for i, (name, e, look) in enumerate(rows)]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = _x(tick)
        marks.append(tag("line", x1=x, x2=x, y1=4, y2=height - 18, class_="grid"))
        marks.append(tag("text", f"{tick:g}", x=x, y=height - 4, class_="tick"))
    label = "; ".join(f"{name} {estimate}" for name, estimate, _ in rows)
    return tag(
        "svg",
        *reversed(marks),
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
        aria_label=label,
        class_="intervals",
    )


def _interval(name: str, estimate: Estimate, look: str, row: int) -> Markup:
    y = row * _ROW + 20
    low, high, mean = _x(estimate.low), _x(estimate.high), _x(estimate.mean)
    return tag(
        "g",
        tag("text", name, x=0, y=y + 4, class_="label"),
        tag("line", x1=low, x2=high, y1=y, y2=y, class_="span"),
        tag("circle", cx=mean, cy=y, r=6.5),
        tag("title", f"{name}: {estimate}"),
        class_=look,
    )


def _x(score: float) -> float:
    return round(_LEFT + score * (_WIDTH - _LEFT - 14), 1)


def _changes(review: Review) -> Markup:
    names = changed(review.seed, review.winner)
    if not names:
        return Markup("")
    return tag("p", "Changed: ", *(chip(title(name), "parameter") for name in names))
