"""The locked examples on which seed and winner differ, and the records of one of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracegraph.graph.errors import GraphError, SchemaVersionError
from tracegraph.graph.export import from_json, to_html
from tracegraph.optimizers.problem import as_text
from tracegraph.training.report.markup import Markup, clipped, fold, section, table, tag
from tracegraph.training.review import Review, Tried
from tracegraph.training.wording import score

if TYPE_CHECKING:
    from tracegraph.runs import Store

_MOST = 60  # rows; more are counted
_AT_ONCE = 15  # rows that are seen without a click
_HEAD = ["", "input", "before", "after"]
_LONG = 500  # characters of a cell


@dataclass(frozen=True, slots=True)
class Done:
    """What a candidate did on an example, in its first repeat."""

    score: float
    output: str
    feedback: str
    graph: Any


def examples(store: Store, review: Review) -> Markup:
    """Return the table of what became better or worse on the locked split."""
    seed, winner = review.seed, review.winner
    pairs = _different(seed, winner, "test")
    rows: list[list[object]] = []
    for example in pairs[:_MOST]:
        before, after = done(store, review, seed, example), done(store, review, winner, example)
        if before is None or after is None:
            continue
        change = after.score - before.score
        rows.append(
            [
                tag("b", "better" if change > 0 else "worse",
                    class_="good" if change > 0 else "bad"),
                tag("div", clipped(_inputs(before), _LONG), class_="said"),
                _output(before),
                _output(after),
            ]
        )  # fmt: skip
    note = f"{len(pairs)} of {len(seed.scores.get('test', {}))} locked examples; the worse ones " \
           "first." if pairs else ""  # fmt: skip
    left = len(pairs) - len(rows)
    more = tag("p", f"{left} more are not shown.", class_="note") if left > 0 else None
    return section(
        "Where it differs",
        table(_HEAD, rows[:_AT_ONCE], class_="examples"),
        fold(f"{len(rows) - _AT_ONCE} more", table(_HEAD, rows[_AT_ONCE:], class_="examples"))
        if rows[_AT_ONCE:]
        else None,
        more,
        note=note,
    )


def records(store: Store, review: Review) -> list[tuple[str, str]]:
    """Return (title, page) of the records of one example: before, and after.

    It is the one that gained most, or, where nothing changed, the worst one.
    """
    seed, winner = review.seed, review.winner
    found: list[tuple[str, str]] = []
    for split in ("test", "train"):
        pairs = _different(seed, winner, split)
        mine = seed.scores.get(split, {})
        example = pairs[-1] if pairs else min(mine, key=lambda e: mine[e], default="")
        both = [("before", seed)] if winner.name == seed.name else [
            ("after" if one is winner else "before", one) for one in (seed, winner)
        ]  # fmt: skip
        for when, candidate in both:
            one = done(store, review, candidate, example)
            page = _page(one.graph, f"{example} {when}") if one is not None else ""
            if one is not None and page:
                found.append((f"{example}, {when}: score {score(one.score)}", page))
        if found:
            break
    return found


def done(store: Store, review: Review, candidate: Tried, example: str) -> Done | None:
    """Return what a candidate did on an example; None when it was not run."""
    rows = store.fetch(
        "SELECT score, payload FROM evaluations WHERE run = ? AND candidate = ? AND task = ? "
        "AND score IS NOT NULL ORDER BY key LIMIT 1",
        [review.run.id, f"{review.run.id}:{candidate.name}", example],
    )
    if not rows:
        return None
    payload = json.loads(rows[0][1])
    return Done(rows[0][0], payload["output"], payload["feedback"], payload["graph"])


def framed(records: list[tuple[str, str]]) -> Markup:
    """Return the records as pages inside the page; their scripts see nothing of it."""
    frames = [
        fold(title, tag("iframe", srcdoc=page, sandbox="allow-scripts", loading="lazy",
                        title=title))
        for title, page in records
    ]  # fmt: skip
    return section(
        "One example, call by call",
        *frames,
        note="The recorded graph, with every value, the feedback and the code. It is drawn by a "
        "script of this page.",
    )


def _different(seed: Tried, winner: Tried, split: str) -> list[str]:
    """Return the examples with another score, the worse ones first."""
    before, after = seed.scores.get(split, {}), winner.scores.get(split, {})
    changes = {e: after[e] - before[e] for e in before if e in after and after[e] != before[e]}
    return sorted(changes, key=lambda e: (changes[e], e))


def _inputs(one: Done) -> str:
    try:
        graph = from_json(one.graph)
    except (GraphError, SchemaVersionError):
        return ""
    found = {graph.name_of(node): node.data for node in graph.inputs}
    # What calls were passed from outside of the record is no node, where plain values flow.
    for call in graph.calls:
        for name, node in call.inputs.items():
            if id(node) not in graph.names:
                found.setdefault(name, node.data)
    if len(found) == 1:
        return as_text(next(iter(found.values())))
    return "\n".join(f"{name}: {as_text(value)}" for name, value in found.items())


def _output(one: Done) -> Markup:
    return tag(
        "div",
        tag("p", tag("b", score(one.score)), " ", clipped(one.output, _LONG), class_="said"),
        tag("p", clipped(one.feedback, _LONG), class_="soft said small") if one.feedback else None,
    )


def _page(graph: Any, title: str) -> str:
    try:
        return to_html(from_json(graph), title=title)
    except (GraphError, SchemaVersionError):
        return ""
