"""`tracegraph serve otlp`: a running service exports its spans, and they become episodes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from tracegraph.cli.arguments import StorePath
from tracegraph.cli.listening import listen

if TYPE_CHECKING:
    from socket import socket

    from tracegraph.agents import Episode
    from tracegraph.integrations.otel import Receiver


def otlp(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one.")] = 4318,
    name: Annotated[str, typer.Option(help="What the run is called.")] = "spans",
    settle: Annotated[
        float, typer.Option(min=0, help="Seconds in which more of a trace may come after its root.")
    ] = 5.0,
    token: Annotated[
        str, typer.Option(envvar="TRACEGRAPH_OTLP_TOKEN", help="What services must send, if given.")
    ] = "",
    store: StorePath = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")] = False,
) -> None:
    """Receive OpenTelemetry spans of a running service on 127.0.0.1, and keep them as episodes.

    Services send them by OTLP over HTTP (OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318), in
    protobuf or JSON. Each agent's run, or each trace, becomes an episode once its root span has
    come; results of evaluations are its reward and feedback. Ctrl-C ends it.

    Example: tracegraph serve otlp --name shop && tracegraph optimize a.py --from-episodes last
    """
    from tracegraph.integrations.calls import needed
    from tracegraph.integrations.otel import Receiver, Traces
    from tracegraph.runs import Store, run_scope

    # What would end it is found before there is a run.
    needed("starlette", "otel")
    needed("uvicorn", "otel")

    def tell(key: str, episode: Episode) -> None:
        if not quiet:
            reward = "" if episode.reward is None else f", reward {episode.reward:.3g}"
            typer.echo(f"{episode.agent} {key[:12]}: {episode.outcome}{reward}")

    with (
        listen(port) as listening,
        Store(store) as opened,
        run_scope(opened, "spans", name) as run,
    ):
        receiver = Receiver(opened, run.id, Traces(settle=settle), tell)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(_serve(receiver, listening, token))
        finally:
            receiver.finish()
    typer.echo(
        f"run {run.id}: {receiver.episodes} episodes from {receiver.spans} spans"
        + (f"; {receiver.without} traces asked no model" if receiver.without else "")
        + (f"; {receiver.traces.late} spans came too late" if receiver.traces.late else "")
    )
    for fault in receiver.faults[:3]:
        typer.echo(f"a trace could not be read: {fault}", err=True)
    if receiver.episodes:
        typer.echo(f"next: tracegraph optimize FILE.py --from-episodes {run.id}")


async def _serve(receiver: Receiver, listening: socket, token: str) -> None:
    import uvicorn

    from tracegraph.integrations.otel import receiver_app

    config = uvicorn.Config(
        receiver_app(receiver, token=token), log_level="warning", lifespan="off"
    )
    port = listening.getsockname()[1]
    typer.echo(f"receiving at http://127.0.0.1:{port}, into run {receiver.run}")
    server = uvicorn.Server(config)
    watching = asyncio.create_task(receiver.watch())
    watching.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await server.serve([listening])
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching  # raises what made it end: the store cannot be written, say
