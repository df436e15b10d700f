"""`tracegraph view`: the run store in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracegraph.cli.arguments import StorePath, open_store


def view(
    out: Annotated[Path | None, typer.Argument(help="With --export: the file to write.")] = None,
    export: Annotated[
        str, typer.Option(metavar="RUN", help="Write a run into one HTML file and end.")
    ] = "",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="A free one when it is in use.")] = 8265,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A name of this machine; may be repeated.")
    ] = None,
    token: Annotated[str, typer.Option(help="What the address carries; else drawn by lot.")] = "",
    no_token: Annotated[
        bool, typer.Option("--no-token", help="Let everybody in who reaches the port.")
    ] = False,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    store: StorePath = None,
) -> None:
    """Show runs in a browser: live, with diffs, evidence, approvals, comparisons.

    Example: tracegraph view --open
    """
    import secrets
    import webbrowser

    from tracegraph.errors import MissingExtraError, TracegraphError

    try:
        from tracegraph.viewer import serve
        from tracegraph.viewer.exporting import export_run
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise MissingExtraError("viewer", error.name) from error
    with open_store(store) as opened:
        path = opened.path
        if export:
            if out is None:
                raise typer.BadParameter("name the file to write", param_hint="OUT")
            typer.echo(export_run(opened, export, out))
            return
    if no_token and host not in ("127.0.0.1", "::1", "localhost"):
        raise TracegraphError("without a token only this machine is served: leave --host away")

    def ready(address: str) -> None:
        typer.echo(f"{path}: {address}")
        if browser:
            webbrowser.open(address)

    serve(
        path, host=host, port=port, token=None if no_token else token or secrets.token_urlsafe(16),
        names=name or (), ready=ready,
    )  # fmt: skip
