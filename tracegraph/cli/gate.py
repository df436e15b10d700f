"""`tracegraph approve` and `reject`: what a person says about a change that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tracegraph.cli.arguments import RunName, StorePath, open_store

if TYPE_CHECKING:
    from tracegraph.runs import Store


def approve(run: RunName, store: StorePath = None) -> None:
    """Let the change that waits take its place; the run goes on.

    Example: tracegraph approve last
    """
    with open_store(store) as opened:
        _speak(opened, run, approved=True, reason="")


def reject(
    run: RunName,
    reason: Annotated[str, typer.Option(help="Why; the optimizer will read it.")],
    store: StorePath = None,
) -> None:
    """Refuse the change that waits; the reason becomes feedback and the run goes on.

    Example: tracegraph reject last --reason "too long for our customers"
    """
    with open_store(store) as opened:
        _speak(opened, run, approved=False, reason=reason)


def _speak(store: Store, name: str, *, approved: bool, reason: str) -> None:
    from tracegraph.cli.diff import show_diff
    from tracegraph.training.gate import pending, speak
    from tracegraph.training.review import Review
    from tracegraph.training.wording import evidence_line

    review = Review.of(store, name)
    waits = pending(store, review.run.id)
    if waits is not None:
        typer.echo(f"{waits['candidate']} against {review.winner.name}:")
        show_diff(review.winner, review.candidate(waits["candidate"]))
        typer.echo(evidence_line(waits["evidence"]))
    candidate = speak(store, review.run.id, approved=approved, reason=reason)
    typer.echo(f"{candidate} {'approved' if approved else 'rejected'}")
    if review.state == "interrupted" or review.run.status != "running":
        typer.echo(f"nobody runs it: tracegraph optimize --resume {review.run.id}", err=True)
