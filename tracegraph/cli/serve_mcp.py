"""`tracegraph serve mcp`: an environment as tools for MCP clients."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.listening import listen

if TYPE_CHECKING:
    from tracegraph.integrations.mcp import Toolbox


class _Environment(StrEnum):
    notebook = "notebook"
    solver = "solver"
    desktop = "desktop"


def mcp(
    env: Annotated[_Environment, typer.Option(help="What clients get.")] = _Environment.notebook,
    files: Annotated[
        list[Path] | None,
        typer.Option("--file", exists=True, dir_okay=False, help="For the notebook; repeatable."),
    ] = None,
    notebook: Annotated[
        Path | None, typer.Option(help="Where the notebook is kept, as out.ipynb.")
    ] = None,
    apps: Annotated[
        list[str] | None, typer.Option("--app", help="To start in the desktop; repeatable.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="For one cell or program.")] = 60.0,
    http: Annotated[
        bool, typer.Option("--http", help="Serve many clients on 127.0.0.1 with a token.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 8765,
    token: Annotated[
        str, typer.Option(envvar="TRACEGRAPH_MCP_TOKEN", help="A new one is made and shown if not.")
    ] = "",
    sessions: Annotated[int, typer.Option(min=1, help="Environments at once, with --http.")] = 4,
    idle: Annotated[float, typer.Option(min=0.1, help="Unused minutes before one is ended.")] = 30,
) -> None:
    """Offer a notebook, a solver or a desktop to an MCP client, over standard input and output.

    The environment runs in the sandbox and ends with the client.

    Example: tracegraph serve mcp --env notebook --file sales.csv
    """
    from tracegraph.integrations.mcp import make_server, serve_stdio

    make = _maker(env, files or [], notebook, apps or [], seconds)
    count = sessions if http else 1
    server = make_server(make, name=f"tracegraph-{env}", named=http, most=count, idle=idle * 60)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve_http(server, port, token) if http else serve_stdio(server))


def _maker(
    env: _Environment, files: list[Path], notebook: Path | None, apps: list[str], seconds: float
) -> Callable[[str], Toolbox]:
    from tracegraph.integrations.mcp import DesktopTools, NotebookTools, SolverTools

    if env is _Environment.solver:
        return lambda session: SolverTools(seconds=seconds)
    if env is _Environment.desktop:
        return lambda session: DesktopTools(apps)
    named = {file.name: file.resolve() for file in files}
    if len(named) < len(files):
        raise typer.BadParameter("two files have the same name")

    def make(session: str) -> Toolbox:
        path = notebook
        if path is not None and session:
            path = path.with_stem(f"{path.stem}-{session}")
        return NotebookTools(named, path=path, cell_seconds=seconds)

    return make


async def _serve_http(server: Any, port: int, token: str) -> None:
    import secrets

    import uvicorn

    from tracegraph.integrations.mcp import http_app

    token = token or secrets.token_urlsafe(24)
    with listen(port) as listening:
        port = listening.getsockname()[1]
        typer.echo(f"serving http://127.0.0.1:{port}/mcp")
        typer.echo(f"token   {token}")
        config = uvicorn.Config(http_app(server, token), log_level="warning", lifespan="on")
        await uvicorn.Server(config).serve([listening])
