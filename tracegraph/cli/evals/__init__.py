"""`tracegraph eval …`: measure an agent on a benchmark; each agent adds its own module."""

from __future__ import annotations

import typer

from tracegraph.cli.evals import dabench, gui, optibench, policy, video

app = typer.Typer(no_args_is_help=True, help="Measure an agent on a benchmark.")
app.command()(dabench.dabench)
app.command()(gui.gui)
app.command()(optibench.optibench)
app.command()(policy.policy)
app.command()(video.video)
