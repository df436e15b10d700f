"""What `tracegraph optimize` shows while it works: live on a terminal, lines elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from tracegraph.training.telling import describe

if TYPE_CHECKING:
    from tracegraph.models.budget import Limits
    from tracegraph.training.estimate import Estimate
    from tracegraph.training.result import Result
    from tracegraph.training.trainer import Trainer


class Progress(Protocol):
    """Shows a run."""

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        """Show that something happened."""

    def shown(self, trainer: Trainer) -> Any:
        """Return a context manager in which the run is shown."""

    def estimate(self, found: Estimate, limits: Limits) -> None:
        """Show what a run would take."""

    def result(self, result: Result, page: Path) -> None:
        """Show the end of the run."""


def make_progress(*, as_json: bool, quiet: bool) -> Progress:
    """Return what fits the options and where the output goes."""
    if as_json:
        return JsonLines()
    if not quiet and sys.stdout.isatty():
        from tracegraph.cli.live import Live

        return Live()
    return Lines(quiet=quiet)


class JsonLines:
    """One JSON object a line, for programs."""

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        """Print an event."""
        print(json.dumps({"event": kind, **payload}, default=str), flush=True)

    @contextmanager
    def shown(self, trainer: Trainer) -> Iterator[None]:
        """Print nothing by itself."""
        yield

    def estimate(self, found: Estimate, limits: Limits) -> None:
        """Print the estimate."""
        from dataclasses import asdict

        self.tell("estimate", asdict(found) | {"limits": asdict(limits)})

    def result(self, result: Result, page: Path) -> None:
        """Print the result."""
        proof = None if result.proof is None else result.proof.to_json()
        self.tell(
            "result",
            {
                "run": result.run, "improved": result.improved, "summary": result.summary(),
                "proof": proof, "values": dict(result.values), "stopped": result.stopped,
                "report": str(page),
            },
        )  # fmt: skip


class Lines:
    """A line for what matters, for logs."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        """Print an event that people want to know of."""
        line = describe(kind, payload)
        if line and not self.quiet:
            print(line, flush=True)

    @contextmanager
    def shown(self, trainer: Trainer) -> Iterator[None]:
        """Print nothing by itself."""
        yield

    def estimate(self, found: Estimate, limits: Limits) -> None:
        """Print the estimate."""
        typer.echo(estimated(found, limits))

    def result(self, result: Result, page: Path) -> None:
        """Print the result and what can be done with it."""
        typer.echo(ended(result, page))


def estimated(found: Estimate, limits: Limits) -> str:
    """Return an estimate as text."""

    def span(of_one: float, unit: str) -> str:
        return f"{found.least * of_one:,.0f} to {found.most * of_one:,.0f} {unit}"

    lines = [
        f"measured on {found.sample} examples: score {found.score:.2f}, {found.tokens:,.0f} tokens "
        f"and {found.seconds:.2f} s each",
        f"a run evaluates {found.least:,} to {found.most:,} examples: "
        f"{span(found.tokens, 'tokens')}, {span(found.seconds / 60, 'minutes')}",
    ]
    if found.dollars:
        lines.append(f"{found.least * found.dollars:.2f} to {found.most * found.dollars:.2f} $")
    lines.append("beside the optimizer's own questions; known answers are not asked for again")
    given = {n: getattr(limits, n) for n in limits.__slots__ if getattr(limits, n) is not None}
    shown = ", ".join(f"{name} {value:,.10g}" for name, value in given.items())
    lines.append(f"hard limits: {shown or 'none; set them with --budget'}")
    return "\n".join(lines)


def ended(result: Result, page: Path) -> str:
    """Return the end of a run as text."""
    spent = result.spent
    money = f", {spent.dollars:.4f} $" if spent.dollars else ""
    lines = [
        result.summary(),
        f"search: {result.steps} steps, {result.tests} tests, {result.accepted} accepted; "
        f"{result.stopped}",
        f"spent: {spent.tokens:,} tokens, {spent.seconds:.0f} s{money}; "
        f"{result.malformed} malformed answers",
        *(f"note: {note}" for note in result.notes),
        f"report: {page}",
    ]
    if result.improved:
        lines.append(f"next: tracegraph diff {result.run}, tracegraph apply {result.run}")
    return "\n".join(lines)
