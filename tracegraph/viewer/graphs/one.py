"""The page of one graph: the drawing, its tools, and what is known of the chosen node."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.training.report.markup import chip, clipped, join, tag
from tracegraph.viewer.data import store_of
from tracegraph.viewer.graphs.listing import KINDS
from tracegraph.viewer.graphs.sources import check_stored, file_of, source_of
from tracegraph.viewer.page import page

_KEYS = "Arrows walk along edges, + and - zoom, 0 shows all, / searches, Escape lets go."


def show(request: Request) -> Response:
    """Show the graph of an evaluation."""
    store = store_of(request)
    id = str(request.path_params["evaluation"])
    check_stored(store, id)
    (row,) = store.fetch("SELECT run, task, outcome, score FROM evaluations WHERE id = ?", [id])
    run = quote(row["run"])
    score = chip(f"score {row['score']:.3f}", "neutral") if row["score"] is not None else None
    outcome = chip(row["outcome"], KINDS.get(row["outcome"], "plain"))
    return _page(
        request, row["task"] or id, join([outcome, score]),
        [("Runs", "/runs"), (row["run"][:10], f"/runs/{run}"), ("Graphs", f"/graphs/?run={run}")],
    )  # fmt: skip


def show_file(request: Request) -> Response:
    """Show the graph of the file that `tracegraph view` was given."""
    return _page(request, file_of(request).name, None, [("Graphs", "/graphs/")])


def _page(
    request: Request, title: str, beside: object, crumbs: Sequence[tuple[str, str]]
) -> Response:
    tools = tag(
        "div",
        tag("input", type="search", id="search", autocomplete="off", aria_label="Search nodes",
            placeholder="Search names, values, code  ( / )"),
        tag("output", id="hits", for_="search"),
        tag("select", tag("option", "colour: kind", value="kind"),
            tag("option", "colour: blame", value="blame"),
            tag("option", "colour: feedback", value="said"), id="colour", aria_label="colour"),
        tag("label", tag("input", type="checkbox", id="minimal"), " only what parameters reach"),
        tag("button", "+", type="button", id="closer", title="zoom in ( + )"),
        tag("button", "-", type="button", id="farther", title="zoom out ( - )"),
        tag("button", "Fit", type="button", id="fit", title="show all ( 0 )"),
        class_="graph-tools",
    )  # fmt: skip
    stage = tag(
        "div",
        tag("canvas", id="graph", tabindex="0", role="application",
            aria_label=f"The graph. {_KEYS}"),
        tag("div", id="legend", class_="graph-legend"),
        tag("p", "laying out …", id="state", class_="graph-state", role="status"),
        class_="graph-stage",
    )  # fmt: skip
    panel = tag("aside", tag("p", _KEYS, class_="soft"), id="node", aria_live="polite",
                class_="graph-panel")  # fmt: skip
    return page(
        request, f"Graph of {clipped(title, 80)}",
        tools, tag("div", stage, panel, class_="graph-page", id="page",
                   data_at=source_of(request).at),
        place="graphs", crumbs=crumbs, beside=beside, wide=True,
        scripts=["/graphs/static/graph.js"], styles=["/graphs/static/graph.css"],
    )  # fmt: skip
