"""`tracegraph run …`: run an agent on one task; each agent adds its own module."""

from __future__ import annotations

import typer

from tracegraph.cli.run import datarus, gui, omni_r1, resocratic, tspo

app = typer.Typer(no_args_is_help=True, help="Run an agent on one task, and watch it.")
app.command()(datarus.datarus)
app.command()(gui.gui)
app.command()(resocratic.resocratic)
app.command()(tspo.tspo)
app.command("omni-r1")(omni_r1.omni_r1)
