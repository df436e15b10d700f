"""`tracegraph export`: what a run improved as files or a patch; the run for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracegraph.cli.arguments import RunName, StorePath, open_store

if TYPE_CHECKING:
    from tracegraph.runs import Store


def export(
    run: RunName,
    candidate: Annotated[str, typer.Option(help="Another candidate than the proven one.")] = "",
    out: Annotated[Path | None, typer.Option(help="The folder; else improved-RUN.")] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="Print a patch for `git apply` or `patch -p1`.")
    ] = False,
    spans: Annotated[
        str,
        typer.Option(
            metavar="FILE|URL",
            help="Write the run as OpenTelemetry spans (OTLP JSON), or send them to a collector, "
            "as http://127.0.0.1:4318/v1/traces.",
        ),
    ] = "",
    mlflow: Annotated[
        str,
        typer.Option(metavar="URI", help="Write the run to MLflow, as sqlite:///mlflow.db."),
    ] = "",
    experiment: Annotated[str, typer.Option(help="Of MLflow.")] = "tracegraph",
    store: StorePath = None,
) -> None:
    """Write improved prompts, code and values as plain files, or print a patch on the source.

    With --spans or --mlflow the run itself goes to other tools, of whatever kind it is.

    Example: tracegraph export last --patch | git apply
    """
    if spans or mlflow:
        with open_store(store) as opened:
            if spans:
                _spans(opened, run, spans)
            if mlflow:
                from tracegraph.integrations.mlflow import log_run

                typer.echo(f"{mlflow}: run {log_run(opened, run, mlflow, experiment=experiment)}")
        return
    from tracegraph.training.export import write_files
    from tracegraph.training.review import Review

    with open_store(store) as opened:
        review = Review.of(opened, run)
        chosen = review.candidate(candidate) if candidate else review.proven()
        if patch:
            from tracegraph.training.apply import patch_of

            made = patch_of(review, chosen, Path.cwd())
            for line in made.notes:
                typer.echo(f"tracegraph: {line}", err=True)
            typer.echo(made.diff, nl=False)
            raise typer.Exit(0 if made.diff else 1)
        folder = out or Path(f"improved-{review.run.id}")
        for file in write_files(review, chosen, folder):
            typer.echo(file)


def _spans(store: Store, run: str, target: str) -> None:
    import asyncio

    from tracegraph.integrations.otel import send_spans, spans_of, write_spans

    found = list(spans_of(store, run))
    if target.startswith(("http://", "https://")):
        asyncio.run(send_spans(found, target))
    else:
        write_spans(found, Path(target))
    typer.echo(f"{target}: {len(found)} spans")
