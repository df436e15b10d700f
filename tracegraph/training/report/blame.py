"""Which calls and parameters the failures point at, at the first and at the last step."""

from __future__ import annotations

from typing import Any

from tracegraph.training.report.markup import Markup, section, tag
from tracegraph.training.review import Review
from tracegraph.training.wording import title

_WIDTH, _BAR = 200, 12


def blame(review: Review) -> Markup:
    """Return the shares of the blame as bars."""
    steps = [e.payload for e in review.events if e.kind == "step" and e.payload["blame"]]
    if not steps:
        return Markup("")
    shown = [steps[0]] if steps[0]["candidate"] == steps[-1]["candidate"] else [steps[0], steps[-1]]
    return section(
        "Blame",
        tag("div", *(_column(step) for step in shown), class_="columns"),
        note="Where the records of good and bad examples differ: a share is the measured part of "
        "the blame, not a proof of the cause.",
    )


def _column(step: dict[str, Any]) -> Markup:
    head = f"Step {step['number']}, candidate {step['candidate']}, score {step['score']:.3f}"
    return tag("div", tag("h3", head), *map(_bar, step["blame"]))


def _bar(entry: dict[str, Any]) -> Markup:
    share = max(0.0, min(1.0, float(entry["share"])))
    kind = "parameter" if entry["kind"] == "parameter" else "call"
    bar = tag(
        "svg",
        tag("rect", width=_WIDTH, height=_BAR, rx=3, class_="well"),
        tag("rect", width=round(share * _WIDTH, 1), height=_BAR, rx=3, class_=kind),
        viewBox=f"0 0 {_WIDTH} {_BAR}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    return tag(
        "div",
        tag("p", tag("b", title(entry["name"])), f" {kind} ", tag("span", f"{share:.0%}")),
        bar,
        tag("p", entry["why"], class_="soft small"),
        class_="blame",
    )
