"""`tracegraph export`: what a run improved, as plain files or as a patch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracegraph.cli.arguments import RunName, StorePath, open_store


def export(
    run: RunName,
    candidate: Annotated[str, typer.Option(help="Another candidate than the proven one.")] = "",
    out: Annotated[Path | None, typer.Option(help="The folder; else improved-RUN.")] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="Print a patch for `git apply` or `patch -p1`.")
    ] = False,
    store: StorePath = None,
) -> None:
    """Write improved prompts, code and values as plain files, or print a patch on the source.

    Example: tracegraph export last --patch | git apply
    """
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
