"""`tracegraph apply`: what a run improved, written into the source file and checked."""

from __future__ import annotations

from typing import Annotated

import typer

from tracegraph.cli.arguments import RunName, StorePath, open_store


def apply(
    run: RunName,
    candidate: Annotated[str, typer.Option(help="Another candidate than the proven one.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Also when the file changed since the run.")
    ] = False,
    backup: Annotated[
        bool, typer.Option("--backup", help="Keep the old file beside it, as NAME.bak.")
    ] = False,
    store: StorePath = None,
) -> None:
    """Write the improved values into the workflow's file, and check it by running it.

    The patched file is loaded in another process, its parameters are compared, and a few of the
    test examples run again. When anything differs from what the run measured, the file is put
    back.

    Example: tracegraph apply last
    """
    from tracegraph.training.apply import apply_to_file
    from tracegraph.training.review import Review

    with open_store(store) as opened:
        review = Review.of(opened, run)
        chosen = review.candidate(candidate) if candidate else review.proven()
        done = apply_to_file(opened, review, chosen, force=force, backup=backup)
    typer.echo(f"{done.path}: {', '.join(done.changed)}")
    typer.echo(f"checked: {done.check}")
    if done.backup is not None:
        typer.echo(f"the old file: {done.backup}")
