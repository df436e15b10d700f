"""`tracegraph view`: the run store, or one graph, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tracegraph.cli.arguments import StorePath, open_store


def view(
    file: Annotated[
        Path | None, typer.Argument(help="A graph as JSON to show; with --export: what to write.")
    ] = None,
    export: Annotated[
        str,
        typer.Option(metavar="RUN", help="Write a run, or a GRAPH.json, into one HTML file, end."),
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

    With a file, show the graph that `recording.graph().save("graph.json")` wrote.

    Example: tracegraph view --open
    """
    import secrets
    import webbrowser

    from tracegraph.errors import MissingExtraError, TracegraphError

    try:
        from tracegraph.viewer import serve
        from tracegraph.viewer.exporting import export_graph, export_run
        from tracegraph.viewer.graphs import read_graph
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise MissingExtraError("viewer", error.name) from error
    if export:
        if file is None:
            raise typer.BadParameter("name the file to write", param_hint="FILE")
        if export.endswith(".json"):
            typer.echo(export_graph(Path(export), file))
            return
        with open_store(store) as opened:
            typer.echo(export_run(opened, export, file))
        return
    if no_token and host not in ("127.0.0.1", "::1", "localhost"):
        raise TracegraphError("without a token only this machine is served: leave --host away")
    if file is not None:
        read_graph(file)  # what is wrong with it is told here, not in the browser

    secret = None if no_token else token or secrets.token_urlsafe(16)

    def ready(address: str) -> None:
        typer.echo(f"{file or path}: {address}")
        if browser:
            webbrowser.open(address)

    with _store_or_empty(store, needed=file is None) as path:
        serve(
            path, host=host, port=port, token=secret, names=name or (), graph=file, ready=ready
        )  # fmt: skip


@contextmanager
def _store_or_empty(store: Path | None, *, needed: bool) -> Iterator[Path]:
    """Give the file of the store; an empty one, for a graph alone, where there is none."""
    from tempfile import TemporaryDirectory

    from tracegraph.runs import default_path

    if needed or store is not None or default_path().exists():
        with open_store(store) as opened:
            path = opened.path
        yield path
        return
    with TemporaryDirectory(prefix="tracegraph-view-") as folder:
        yield Path(folder) / "runs.db"
