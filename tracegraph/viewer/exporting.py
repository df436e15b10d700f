"""A run, or a graph, as one HTML file, for people without the store."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from pathlib import Path

from tracegraph import viewer
from tracegraph.graph.export import to_html
from tracegraph.runs import Run, Store, find_run
from tracegraph.training import report
from tracegraph.training.apply import replace_file
from tracegraph.training.report import page_of
from tracegraph.training.report.markup import Markup, clipped, section, table, tag
from tracegraph.viewer.data.numbers import Numbers, numbers
from tracegraph.viewer.graphs import read_graph
from tracegraph.viewer.runs.training import is_training, training

_MOST = 1000  # episodes
_CURVES = "static/curves.css"


def export_run(store: Store, name: str, page: Path) -> Path:
    """Write a run into one file, and return where it is.

    Args:
        store: the open store.
        name: the run's id, the beginning of it, or "last".
        page: the file; one of that name is replaced.

    Raises:
        TracegraphError: there is no such run, or it has not begun.
    """
    return _written(page, exported(store, find_run(store, name)))


def export_graph(file: Path, page: Path) -> Path:
    """Write the graph of a JSON file into one HTML file, and return where it is.

    Raises:
        TracegraphError: the file holds no graph.
    """
    return _written(page, to_html(read_graph(file)))


def _written(page: Path, content: str) -> Path:
    page.parent.mkdir(parents=True, exist_ok=True)
    page.touch()
    replace_file(page, content.encode())
    return page


def exported(store: Store, run: Run) -> str:
    """Return a run as a page that needs nothing else: no network, no script but for graphs."""
    if run.kind == "optimize":
        return page_of(store, run.id)
    style = "".join(
        resources.files(package).joinpath(name).read_text("utf-8")
        for package, name in ((report, "pieces.css"), (report, "report.css"), (viewer, _CURVES))
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    found = numbers(store, run)
    lead = f"{run.kind}, {run.status}; {found.tokens:,} tokens, {found.calls.cost:.4f} $"
    if found.rewards:
        mean = sum(found.rewards) / len(found.rewards)
        lead += f"; mean reward {mean:.3f} of {len(found.rewards):,} episodes"
    settings: list[list[object]] = [
        [name, tag("code", clipped(json.dumps(value), 600))] for name, value in run.config.items()
    ]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("title", f"{run.name or run.kind}: tracegraph"),
        tag("style", Markup(style)),
    )
    body = tag(
        "main",
        tag("header", tag("p", f"run {run.id}", class_="soft"), tag("h1", run.name or run.kind),
            tag("p", lead, class_="lead")),
        *(training(store, run) if is_training(run) else _episodes(store, run, found)),
        section("Settings", table(["setting", "value"], settings)),
    )  # fmt: skip
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang='en')}\n"


def _episodes(store: Store, run: Run, found: Numbers) -> list[Markup]:
    outcomes: list[list[object]] = [[name, f"{n:,}"] for name, n in found.outcomes.items()]
    rows: list[list[object]] = [
        [row["key"], row["outcome"], "-" if row["reward"] is None else f"{row['reward']:.3f}",
         clipped(row["answer"] or "", 400), clipped(row["error"] or "", 400)]
        for row in store.fetch(
            "SELECT key, outcome, reward, payload ->> '$.answer' answer, payload ->> '$.error' "
            "error FROM episodes WHERE run = ? ORDER BY id LIMIT ?", [run.id, _MOST],
        )
    ]  # fmt: skip
    return [
        section("Outcomes", table(["outcome", "episodes"], outcomes)),
        section("Episodes", table(["episode", "outcome", "reward", "answer", "error"], rows),
                note=f"At most {_MOST:,}."),
    ]  # fmt: skip
