"""`tracegraph report`: a run as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracegraph.cli.arguments import RunName, StorePath, open_store


def report(
    run: RunName = "last",
    out: Annotated[
        Path | None, typer.Option(help="The page; else reports/RUN.html beside the store.")
    ] = None,
    store: StorePath = None,
) -> None:
    """Write a page that shows a run: result, changes, curves, evidence, examples, cost.

    Example: tracegraph report last --out report.html
    """
    from tracegraph.runs import find_run
    from tracegraph.training.report import write_report

    with open_store(store) as opened:
        found = find_run(opened, run, kind="optimize")
        page = out or opened.path.with_name("reports") / f"{found.id}.html"
        typer.echo(write_report(opened, found.id, page))
