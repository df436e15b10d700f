"""The evaluations of a run whose graph can be looked at."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from tracegraph.runs import get_run
from tracegraph.training.report.markup import Markup, chip, clipped, table, tag
from tracegraph.viewer.data import store_of
from tracegraph.viewer.page import page, run_page

_PAGE = 50
_STYLES = ("/graphs/static/graph.css",)
KINDS = {"success": "good", "failure": "bad", "format_error": "warn"}


def listing(request: Request) -> Response:
    """Show evaluations that kept their graph, the newest first."""
    store = store_of(request)
    asked = request.query_params
    # In the words of an index, which knows without reading payloads; few graphs of a candidate.
    clauses, values = ["json_type(payload, '$.graph') = 'object'"], []
    index = "" if asked.get("candidate") else "INDEXED BY evaluations_drawn"
    for name in ("run", "candidate", "task", "split", "outcome"):
        if asked.get(name):
            clauses.insert(0, f"{name} = ?")
            values.append(asked[name])
    if asked.get("before"):
        clauses.insert(0, "id < ?")
        values.append(asked["before"])
    ids = store.fetch(
        f"SELECT id FROM evaluations {index} WHERE {' AND '.join(clauses)} "
        "ORDER BY id DESC LIMIT ?",
        [*values, _PAGE + 1],
    )
    rows = store.fetch(
        "SELECT id, run, candidate, task, split, outcome, score, "
        "json_array_length(payload, '$.graph.nodes') AS nodes, "
        "json_extract(payload, '$.feedback') AS feedback FROM evaluations "
        "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC",
        [json.dumps([row[0] for row in ids[:_PAGE]])],
    )
    made: list[list[object]] = [
        [
            tag("a", clipped(row["task"] or row["id"], 60), href=f"/graphs/{quote(row['id'])}",
                data_entry=True),
            chip(row["outcome"], KINDS.get(row["outcome"], "plain")),
            "" if row["score"] is None else f"{row['score']:.3f}",
            str(row["nodes"]), row["split"], clipped((row["candidate"] or "").split(":")[-1], 20),
            clipped(" ".join(str(row["feedback"] or "").split()), 160),
        ]
        for row in rows
    ]  # fmt: skip
    head = ["example", "outcome", "score", "nodes", "split", "candidate", "feedback"]
    file: Path | None = request.app.state.graph
    body = [
        tag("p", "The file ", tag("a", file.name, href="/graphs/file"), ".") if file else None,
        tag("section", table(head, made, data_list=True), id="graphs", data_live=True)
        if made else tag("p", "No graph was kept here.", class_="empty"),
        _more(request, rows[-1]["id"]) if len(ids) > _PAGE else None,
    ]  # fmt: skip
    run = get_run(store, asked["run"]) if asked.get("run") else None
    if run is not None:
        return run_page(request, run, "graphs", *body, styles=_STYLES)
    return page(request, "Recorded graphs", *body, place="graphs", live="", styles=_STYLES)


def _more(request: Request, last: str) -> Markup:
    query = urlencode({**request.query_params, "before": last})
    return tag(
        "div", tag("a", "older →", href=f"/graphs/?{query}", class_="button"), class_="pages"
    )
