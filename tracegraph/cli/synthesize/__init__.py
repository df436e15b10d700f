"""`tracegraph synthesize …`: make training and test data; each agent adds its own module."""

from __future__ import annotations

import typer

from tracegraph.cli.synthesize import datarus, resocratic

app = typer.Typer(no_args_is_help=True, help="Make data, verified, with an agent.")
app.command()(datarus.datarus)
app.command()(resocratic.resocratic)
