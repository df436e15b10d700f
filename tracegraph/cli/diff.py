"""`tracegraph diff`: what a run changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import RunName, StorePath, open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracegraph.training.review import Tried

_COLOURS = {"+": typer.colors.GREEN, "-": typer.colors.RED, "@": typer.colors.CYAN}


def diff(
    run: RunName,
    candidate: Annotated[
        str, typer.Argument(help="A candidate of the run, or the beginning of its name.")
    ] = "best",
    against: Annotated[str, typer.Option(help="What to compare with.")] = "seed",
    store: StorePath = None,
) -> None:
    """Show the values before and after, parameter by parameter.

    Example: tracegraph diff last
    """
    from tracegraph.training.review import Review

    with open_store(store) as opened:
        review = Review.of(opened, run)
        before, after = review.candidate(against), review.candidate(candidate)
        show_diff(before, after)
        if before.name == after.name:
            known = ", ".join(name for name in review.candidates if name != before.name)
            typer.echo(
                f"{'no change was accepted' if candidate == 'best' else 'both are the same'}; "
                f"other candidates: {known or 'none'}"
            )


def show_diff(before: Tried, after: Tried) -> None:
    """Print what differs between two candidates, in colours on a terminal."""
    from tracegraph.training.review import changed

    show_changes(changed(before, after))


def show_changes(changes: Mapping[str, tuple[Any, Any]]) -> None:
    """Print old and new values by parameter, in colours on a terminal."""
    from tracegraph.training.wording import title, value_diff

    for name, (old, new) in changes.items():
        for line in value_diff(old, new, title(name)):
            colour = _COLOURS.get(line[:1])
            head = line.startswith(("--- ", "+++ ")) and line.endswith((" before", " after"))
            plain = printable(line)
            shown = typer.style(plain, fg=colour, bold=head) if sys.stdout.isatty() else plain
            typer.echo(shown)


def printable(text: str) -> str:
    """Return a text of a model without what steers a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)
