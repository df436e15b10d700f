"""The candidates of a run as a tree, and one of them with its change and its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.runs import Store
from tracegraph.runs.payload import decode
from tracegraph.training.intervals import rough_interval, score_interval
from tracegraph.training.report.changes import differences
from tracegraph.training.report.family import evidence_words
from tracegraph.training.report.markup import (
    Markup,
    chip,
    clipped,
    fold,
    join,
    section,
    table,
    tag,
)
from tracegraph.training.review import Review, Tried, changed
from tracegraph.training.wording import as_lines, score, title
from tracegraph.viewer.data import review_of, run_of, store_of
from tracegraph.viewer.marks import bar, run_path
from tracegraph.viewer.page import run_page

_LOOKS = {"best": "good", "accepted": "good", "rejected": "bad", "pending": "warn"}
_SPLITS = ("train", "validation", "test")
_MOST = 400  # candidates of a page
_EXAMPLES = 100


def candidates(request: Request) -> Response:
    """Show the tree."""
    store, run = store_of(request), run_of(request)
    review = review_of(request, run)
    rows = _rows(review, merges(store, review))
    note = (
        f"{len(review.candidates):,} candidates; scores are means on training examples with their "
        "95 % interval. Arrow keys: left to the parent, right to what was made of it."
    )
    if len(rows) > _MOST:
        note += f" The first {_MOST} are shown."
    listed = tag("ul", *rows[:_MOST], class_="branches", data_list=True)
    shown = tag("section", tag("p", note, class_="note"), listed, id="tree", data_live=True)
    return run_page(request, run, "candidates", shown)


def merges(store: Store, review: Review) -> dict[str, tuple[str, ...]]:
    """Return the parents of candidates that were made from several."""
    found: dict[str, tuple[str, ...]] = {}
    # Most have one parent: they are passed over without being read as JSON.
    for row in store.fetch(
        "SELECT payload FROM events WHERE run = ? AND kind = 'proposal' "
        "AND instr(payload, '\"parents\": []') = 0 LIMIT 1000",
        [review.run.id],
    ):
        told = decode(row[0])
        if len(told.get("parents") or ()) < 2:
            continue
        for one in review.candidates.values():
            if one.optimizer == told["optimizer"] and all(
                one.values.get(name) == value for name, value in told["values"].items()
            ):
                found[one.name] = tuple(told["parents"])
    return found


def _rows(review: Review, mixed: Mapping[str, tuple[str, ...]]) -> list[Markup]:
    children: dict[str, list[Tried]] = {}
    for one in review.candidates.values():
        children.setdefault(one.parent, []).append(one)
    rows, waiting = list[Markup](), [(one, 0) for one in reversed(children.get("", []))]
    while waiting:
        one, depth = waiting.pop()
        rows.append(_row(review, one, depth, mixed.get(one.name, ())))
        waiting += [(child, depth + 1) for child in reversed(children.get(one.name, []))]
    return rows


def _row(review: Review, one: Tried, depth: int, mixed: tuple[str, ...]) -> Markup:
    parent = review.candidates.get(one.parent)
    moved = changed(parent, one) if parent else {}
    found = list(one.scores.get("train", {}).values())
    return tag(
        "li",
        tag("a", one.name, href=run_path(review.run.id, "candidates", one.name),
            data_entry=True, data_depth=str(depth), class_="name mono"),
        chip(_status(one), _LOOKS.get(one.status, "plain")),
        *(chip(title(name), "parameter") for name in list(moved)[:4]),
        _merged(review, one, mixed),
        tag("span", one.optimizer, class_="soft small"),
        tag(
            "span", bar(sum(found) / len(found), *rough_interval(found), _LOOKS.get(
                one.status, "call")), tag("b", score(one.mean("train"))),
            tag("small", f" of {len(found)}"), class_="measured",
        ) if found else None,
        class_=f"depth-{min(depth, 12)}",
    )  # fmt: skip


def _merged(review: Review, one: Tried, mixed: tuple[str, ...]) -> Markup | None:
    """Return links to the parents below which a candidate does not stand."""
    others = [name for name in mixed if name != one.parent]
    return tag("span", "merged with ", *_links(review, others), class_="soft small merged") \
        if others else None  # fmt: skip


def _status(one: Tried) -> str:
    return "seed" if not one.parent and one.status in ("new", "tried") else one.status


def candidate(request: Request) -> Response:
    """Show one candidate: against its parent, or another by the query's `against`."""
    store, run = store_of(request), run_of(request)
    review = review_of(request, run)
    one = review.candidate(request.path_params["name"])
    against = request.query_params.get("against") or one.parent
    before = review.candidate(against) if against else None
    evidence = review.evidence(one.name)
    scores: list[list[object]] = []
    for split in _SPLITS:
        if found := list(one.scores.get(split, {}).values()):
            mean, (low, high) = sum(found) / len(found), score_interval(found)
            scores.append([split, tag("b", f"{mean:.3f}"), bar(mean, low, high),
                           f"{low:.3f} to {high:.3f}", f"{len(found):,}"])  # fmt: skip
    values = [
        fold(title(name), tag("pre", clipped("\n".join(as_lines(value)), 50_000)))
        for name, value in one.values.items()
    ]
    children = [c for c in review.candidates.values() if c.parent == one.name]
    mixed = merges(store, review).get(one.name, ())
    body = [
        section("Made from", tag("p", *_links(review, mixed))) if mixed else None,
        section("Scores", table(["split", "mean", "", "95 % interval", "examples"], scores)),
        section("Evidence", tag("p", *evidence_words(evidence))) if evidence else None,
        section(f"Change against {before.name}", _choose(review, one, before),
                differences(before, one) or tag("p", "nothing differs")) if before else None,
        section("Reasoning", tag("p", clipped(one.reasoning, 20_000), class_="reason"))
        if one.reasoning else None,
        section("All values", *values),
        section("Made from it", tag("p", *_links(review, [c.name for c in children[:50]])))
        if children else None,
        _examples(store, review, one),
    ]  # fmt: skip
    beside = [chip(_status(one), _LOOKS.get(one.status, "plain")), tag("code", one.name)]
    shown = tag("div", *body, id="candidate", data_live=True)
    way = [(run.name or run.kind, run_path(run.id)),
           ("Candidates", run_path(run.id, "candidates"))]  # fmt: skip
    return run_page(request, run, "candidates", shown, beside=join(beside), crumbs=way)


def _links(review: Review, names: Iterable[str]) -> list[Markup]:
    return [
        join([tag("a", name, href=run_path(review.run.id, "candidates", name)), " "])
        for name in names
    ]


def _choose(review: Review, one: Tried, before: Tried) -> Markup:
    names = dict.fromkeys([one.parent, review.seed.name, review.winner.name])
    links = [
        tag("a", name, href=run_path(review.run.id, "candidates", one.name) + f"?against={name}")
        for name in names if name and name not in (before.name, one.name)
    ]  # fmt: skip
    made = (join([" ", link]) for link in links)
    return tag("p", "against instead:", *made, class_="soft small") if links else Markup("")


def _examples(store: Store, review: Review, one: Tried) -> Markup:
    rows: list[list[object]] = [
        [tag("a", row["task"] or row["key"], href=f"/graphs/{quote(row['id'])}", data_entry=True),
         row["split"] or "",
         score(row["score"]), row["outcome"]]
        for row in store.fetch(
            "SELECT id, key, task, split, score, outcome FROM evaluations WHERE candidate = ? "
            "ORDER BY score, task LIMIT ?", [f"{review.run.id}:{one.name}", _EXAMPLES],
        )
    ]  # fmt: skip
    return section(
        "Examples",
        table(["example", "split", "score", "outcome"], rows, data_list=True),
        note=f"The worst first, at most {_EXAMPLES}; each leads to its recorded graph.",
    )
