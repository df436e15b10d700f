"""`tracegraph serve`: vLLM servers as one pool, environments for MCP clients, spans."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tracegraph.cli import serve_mcp, serve_otlp


class _ServeGroup(TyperGroup):
    """`serve MODEL` is `serve start MODEL`: what is no command is a model."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["start", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_ServeGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Serve models with vLLM, environments by MCP, and a receiver of spans.\n\n"
    "Several servers of a model are one pool, which LLM('vllm:MODEL') uses.\n\n"
    "Example: tracegraph serve smollm2 --replicas 2",
)
app.command()(serve_mcp.mcp)
app.command()(serve_otlp.otlp)


@app.command()
def start(
    model: Annotated[
        str, typer.Argument(help="A name of the catalog, a folder, or a name of the hub.")
    ],
    lora: Annotated[
        list[str] | None, typer.Option("--lora", help="NAME=DIR; may be repeated.")
    ] = None,
    loras: Annotated[bool, typer.Option("--loras", help="Let adapters be loaded later.")] = False,
    port: Annotated[int | None, typer.Option(help="Of the first server; free ones if not.")] = None,
    replicas: Annotated[int, typer.Option(help="How many servers.")] = 1,
    max_length: Annotated[int | None, typer.Option(help="Tokens of prompt and answer.")] = None,
    memory: Annotated[int, typer.Option(help="GB for the key-value cache, on CPU.")] = 1,
    idle: Annotated[float | None, typer.Option(help="End after so many idle seconds.")] = None,
    show: Annotated[
        bool, typer.Option("--print", help="Only print the command, for another machine.")
    ] = False,
) -> None:
    """Start vLLM, wait until it is healthy, and leave it running.

    Example: tracegraph serve smollm2 --lora tuned=out/adapter --replicas 2
    """
    from tracegraph.models.vllm import command, environment
    from tracegraph.models.vllm.start import start as start_servers
    from tracegraph.models.vllm.weights import hub_argument, model_argument

    adapters = dict(_adapter(item) for item in lora or [])
    if show:
        origin, name = hub_argument(model)
        options = command.ServeOptions(
            origin, name, adapters, lora=loras, max_length=max_length, cpu=False
        )
        port = port or 8000
        typer.echo(command.printed(options, port))
        then = f"tracegraph serve add {name} http://HOST:{port} --token CHOOSE_A_TOKEN"
        typer.echo(f"then, here: {then}", err=True)
        return
    from tracegraph.models.local.progress import reporter

    environment.require()
    with reporter() as progress:
        folder, name = model_argument(model, progress)
    options = command.ServeOptions(
        folder,
        name,
        adapters,
        lora=loras,
        max_length=max_length,
        cpu=not environment.has_gpu(),
        kv_gigabytes=memory,
    )
    for replica in start_servers(options, port=port, count=replicas, idle=idle, say=typer.echo):
        typer.echo(f"{replica.url}  LLM('vllm:{replica.name}')")


@app.command()
def status() -> None:
    """Show the servers, their load and what their prefix caches save.

    Example: tracegraph serve status
    """
    from tracegraph.models.vllm.metrics import scrape
    from tracegraph.models.vllm.replica import replicas as known
    from tracegraph.models.vllm.start import healthy

    found = known(dead=True)
    if not found:
        typer.echo("no servers; start one with: tracegraph serve MODEL")
    for replica in found:
        state = "healthy" if healthy(replica.url) else ("silent" if replica.alive else "dead")
        values = scrape(replica.url, replica.token) if state == "healthy" else {}
        asked = values.get("prefix_queries", 0)
        reused = values.get("prefix_hits", 0) / asked if asked else 0.0
        typer.echo(
            f"{replica.name:<20} {replica.url:<24} {state:<8} "
            f"running {values.get('running', 0):.0f}  waiting {values.get('waiting', 0):.0f}  "
            f"kv {values.get('kv_usage', 0):.0%}  prefix reuse {reused:.0%}  "
            f"tokens {values.get('prompt_tokens', 0):.0f} + "
            f"{values.get('generation_tokens', 0):.0f}"
        )
        for name, path in replica.loras.items():
            typer.echo(f"  adapter {name}  {path}")


@app.command()
def stop(
    model: Annotated[str | None, typer.Argument(help="Its servers; all if not given.")] = None,
) -> None:
    """End the servers of a model on this machine, or all.

    Example: tracegraph serve stop smollm2
    """
    from tracegraph.models.vllm.start import stop as stop_servers

    typer.echo(f"{stop_servers(model)} stopped")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What requests call the model.")],
    url: Annotated[str, typer.Argument(help="http://HOST:PORT of a vLLM server.")],
    token: Annotated[str, typer.Option(help="Its VLLM_API_KEY.")] = "",
    slots: Annotated[int, typer.Option(help="Requests that it works on well at once.")] = 128,
) -> None:
    """Add a server of another machine to the pool of its model.

    Example: tracegraph serve add llama http://gpu1:8000 --token SECRET
    """
    from tracegraph.models.vllm.replica import Replica, write

    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no http://HOST:PORT", param_hint="url")
    write(Replica(name, name, url.rstrip("/"), token, slots))
    typer.echo(f"{url} serves {name}: LLM('vllm:{name}')")


@app.command()
def load(
    model: Annotated[str, typer.Argument(help="The model whose servers get it.")],
    adapter: Annotated[str, typer.Argument(help="NAME=DIR of a LoRA adapter.")],
) -> None:
    """Load a LoRA adapter into running servers (started with --lora or --loras).

    Example: tracegraph serve load smollm2 tuned=out/adapter
    """
    from tracegraph.models.vllm.lora import load as load_adapter

    name, folder = _adapter(adapter)
    typer.echo(f"{load_adapter(model, name, folder)} servers: LLM('vllm:{name}')")


@app.command()
def unload(
    model: Annotated[str, typer.Argument(help="The model whose servers have it.")],
    name: Annotated[str, typer.Argument(help="The adapter's name.")],
) -> None:
    """Take a LoRA adapter out of running servers.

    Example: tracegraph serve unload smollm2 tuned
    """
    from tracegraph.models.vllm.lora import unload as unload_adapter

    typer.echo(f"{unload_adapter(model, name)} servers")


@app.command()
def setup() -> None:
    """Install the CPU build of vLLM into an environment of its own (3.5 GB).

    On a machine with a GPU install vLLM itself: pip install 'tracegraph[vllm]'.

    Example: tracegraph serve setup
    """
    from tracegraph.models.vllm.environment import create

    typer.echo(create(typer.echo))


def _adapter(item: str) -> tuple[str, str]:
    name, equals, folder = item.partition("=")
    if not equals or not name or not folder:
        raise typer.BadParameter(f"{item!r} is not NAME=DIR")
    return name, folder
