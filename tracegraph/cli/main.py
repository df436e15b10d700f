"""The root of the `tracegraph` command: each feature adds its own module.

Modules named here import only the standard library and typer at the top, so that
`tracegraph --help` answers in well under 150 ms; the rest loads when a command runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from tracegraph._version import __version__
from tracegraph.cli import (
    apply,
    desktop,
    diff,
    doctor,
    evals,
    export,
    gate,
    history,
    init,
    models,
    optimize,
    records,
    report,
    rollout,
    run,
    serve,
    synthesize,
    train,
    view,
)
from tracegraph.errors import TracegraphError

app = typer.Typer(
    name="tracegraph",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Improve LLM workflows and agents: record, give feedback, change, prove.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(init.init)
app.command()(optimize.optimize)
app.command()(history.history)
app.command()(diff.diff)
app.command()(gate.approve)
app.command()(gate.reject)
app.command()(export.export)
app.command()(apply.apply)
app.command()(report.report)
app.command()(view.view)
app.command()(doctor.doctor)
app.command()(rollout.rollout)
app.add_typer(desktop.app, name="desktop")
app.add_typer(models.app, name="models")
app.add_typer(serve.app, name="serve")
app.add_typer(run.app, name="run")
app.add_typer(evals.app, name="eval")
app.add_typer(train.app, name="train")
app.add_typer(synthesize.app, name="synthesize")
app.add_typer(records.app, name="episodes")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tracegraph {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; a TracegraphError becomes one line on standard error."""
    try:
        app()
    except TracegraphError as error:
        typer.echo(f"tracegraph: {error}", err=True)
        sys.exit(1)
    except BaseExceptionGroup as group:  # several tasks, each with the same trouble
        ours, others = group.split(TracegraphError)
        if ours is None or others is not None:
            raise
        for text in dict.fromkeys(_texts(ours)):
            typer.echo(f"tracegraph: {text}", err=True)
        sys.exit(1)


def _texts(error: BaseException) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _texts(one)
    else:
        yield str(error)
