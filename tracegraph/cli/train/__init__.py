"""`tracegraph train …`: change weights by rewards; each agent adds its own module."""

from __future__ import annotations

import typer

from tracegraph.cli.train import policy, tspo

app = typer.Typer(no_args_is_help=True, help="Train weights by rewards.")
app.command()(policy.policy)
app.command()(tspo.tspo)
