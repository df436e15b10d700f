"""`tracegraph desktop`: start a desktop, serve it in OSWorld's protocol, look at it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli import desktop_tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from tracegraph.envs.desktop.local import LocalXvfb

app = typer.Typer(
    no_args_is_help=True, help="Desktops: start one, serve it in OSWorld's protocol, look at it."
)

app.command()(desktop_tasks.lint_tasks)
app.command()(desktop_tasks.tasks)

Width = Annotated[int, typer.Option(min=320, max=7680, help="Of the screen, in pixels.")]
Height = Annotated[int, typer.Option(min=240, max=4320, help="Of the screen, in pixels.")]
Programs = Annotated[
    list[str] | None, typer.Option("--app", help="A program to start in it, as mousepad.")
]
Record = Annotated[Path | None, typer.Option(help="Write a video of it, as mp4.")]
Control = Annotated[bool, typer.Option(help="Let viewers act; else they only look on.")]


@app.command()
def start(
    apps: Programs = None,
    width: Width = 1280,
    height: Height = 720,
    control: Control = False,
    record: Record = None,
) -> None:
    """Start a desktop that can be looked at with a VNC viewer, until Ctrl-C.

    Example: tracegraph desktop start --app mousepad --record out.mp4
    """

    async def run() -> None:
        from tracegraph.envs.desktop.view import View

        async with _desktop(width, height, apps, record) as desktop:
            view = await View.open(desktop, control=control)
            try:
                _tell_view(view.port, view.password, control=control)
                await asyncio.Event().wait()
            finally:
                await view.close()

    _until_interrupted(run())


@app.command()
def serve(
    apps: Programs = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 5000,
    width: Width = 1280,
    height: Height = 720,
    no_token: Annotated[
        bool,
        typer.Option(
            "--no-token", help="Want no token: for OSWorld's own client, which cannot send one."
        ),
    ] = False,
    record: Record = None,
) -> None:
    """Serve a desktop in OSWorld's protocol on 127.0.0.1, until Ctrl-C.

    Example: tracegraph desktop serve --port 5000 --app mousepad
    """

    async def run() -> None:
        from tracegraph.envs.desktop.osworld.server import OSWorldServer

        async with (
            _desktop(width, height, apps, record) as desktop,
            OSWorldServer(desktop, port=port, token="" if no_token else None) as server,
        ):
            typer.echo(f"serving {server.url}")
            if server.token:
                typer.echo(f"token   {server.token}")
            await asyncio.Event().wait()

    _until_interrupted(run())


@app.command()
def view(
    url: Annotated[str, typer.Argument(help="Of `tracegraph desktop serve`.")],
    token: Annotated[
        str | None, typer.Option(envvar="TRACEGRAPH_DESKTOP_TOKEN", help="As serve printed it.")
    ] = None,
    control: Control = False,
) -> None:
    """Open a desktop that is served for a VNC viewer, and say where it is.

    Example: tracegraph desktop view http://127.0.0.1:5000 --token TOKEN
    """

    async def run() -> tuple[int, str]:
        from tracegraph.envs.desktop.osworld.client import OSWorldHTTP

        client = OSWorldHTTP(url, token)
        try:
            return await client.view(control=control)
        finally:
            await client.close()

    port, password = asyncio.run(run())
    _tell_view(port, password, control=control)


@contextlib.asynccontextmanager
async def _desktop(
    width: int, height: int, apps: list[str] | None, record: Path | None
) -> AsyncIterator[LocalXvfb]:
    import shlex

    from tracegraph.envs.desktop.local import LocalXvfb
    from tracegraph.envs.desktop.protocol import DesktopError
    from tracegraph.envs.desktop.record import Recording

    async with LocalXvfb(width, height) as desktop:
        recording = await Recording.start(desktop) if record else None
        for one in apps or []:
            started = await desktop.exec(shlex.split(one), background=True)
            if started.code is not None:
                raise DesktopError(started.stderr)
        try:
            yield desktop
        finally:
            if recording is not None and record is not None:
                await asyncio.to_thread(record.write_bytes, await recording.stop())
                typer.echo(f"wrote {record}")


def _tell_view(port: int, password: str, *, control: bool) -> None:
    typer.echo(f"view     vncviewer 127.0.0.1::{port}" + ("" if control else "   (looking only)"))
    typer.echo(f"password {password}")


def _until_interrupted(running: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(running)
