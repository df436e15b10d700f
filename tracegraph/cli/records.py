"""`tracegraph episodes`: look at stored episodes, and hand them on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import AsJson, RunName, StorePath, open_store

if TYPE_CHECKING:
    from tracegraph.runs import Store, StoredEpisode

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, show, export episodes.")

_SHORT = 300

Outcome = Annotated[str, typer.Option("--outcome", help="Only these: success, failure, …")]
Task = Annotated[str, typer.Option("--task", help="Only those of one task.")]


@app.command("list")
def list_(
    run: RunName = "last",
    outcome: Outcome = "",
    task: Task = "",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
    as_json: AsJson = False,
    store: StorePath = None,
) -> None:
    """List the episodes of a run.

    Example: tracegraph episodes list last --outcome failure
    """
    with open_store(store) as opened:
        rows = _rows(opened, run, outcome, task)
    if as_json:
        typer.echo(json.dumps([_told(row) for row in rows[:limit]]))
        return
    for row in rows[:limit]:
        told = _told(row)
        reward = "" if row.reward is None else f"{row.reward:.2f}"
        typer.echo(
            f"{row.key:<32} {row.outcome:<12} {reward:>6}  {told['turns']:>3} turns "
            f"{told['tokens']:>7} tokens {told['seconds']:>7.1f} s  {told['error']}".rstrip()
        )
    typer.echo(f"{min(limit, len(rows))} of {len(rows)} episodes")


@app.command()
def show(
    key: Annotated[str, typer.Argument(help="An episode's key, or the beginning of it.")],
    run: Annotated[str, typer.Option("--run", help="A run's id, or last.")] = "last",
    whole: Annotated[bool, typer.Option("--whole", help="Do not shorten texts.")] = False,
    as_json: AsJson = False,
    store: StorePath = None,
) -> None:
    """Show an episode, turn by turn.

    Example: tracegraph episodes show sum-3#0
    """
    from dataclasses import asdict

    from tracegraph.agents import Episode
    from tracegraph.errors import TracegraphError

    with open_store(store) as opened:
        found = [row for row in _rows(opened, run) if row.key.startswith(key)]
    exact = [row for row in found if row.key == key] or found
    if len(exact) != 1:
        names = ", ".join(row.key for row in found[:5])
        raise TracegraphError(
            f"{len(found)} episodes begin with {key!r}" + (f": {names}" if found else "")
        )
    if as_json:
        typer.echo(json.dumps(asdict(exact[0])))
        return
    row, episode = exact[0], Episode.from_stored(exact[0])
    reward = "no reward" if row.reward is None else f"reward {row.reward:g} {episode.rewards or ''}"
    typer.echo(f"{row.key}: {row.agent} in {row.env}, {row.outcome}, {reward}")
    typer.echo(f"policy: {episode.policy}")
    for number, turn in enumerate(episode.turns):
        for message in turn.messages:
            typer.echo(f"[{number}] {message.get('role')}: {_text(message.get('content'), whole)}")
        typer.echo(f"[{number}] answer: {_text(turn.answer, whole)}")
        if turn.observation is not None:
            typer.echo(f"[{number}] observation: {_text(turn.observation, whole)}")
    for name in ("answer", "feedback", "error"):
        if value := getattr(episode, name):
            typer.echo(f"{name}: {_text(value, whole)}")


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    form: Annotated[
        str, typer.Option("--format", help="openai, trl, verl, parquet, jsonl or dataset.")
    ] = "jsonl",
    run: Annotated[str, typer.Option("--run", help="A run's id, or last.")] = "last",
    outcome: Outcome = "",
    task: Task = "",
    segments: Annotated[
        Path | None, typer.Option("--segments", help="From a folder of segments, not the store.")
    ] = None,
    store: StorePath = None,
) -> None:
    """Write episodes to a file: for fine-tuning, for training by rewards, for analysis.

    openai has the conversations (with --outcome success: for supervised fine-tuning); trl and
    verl have token ids as they were sampled, masks and log-probabilities; parquet has everything;
    dataset is a folder with the conversations for Hugging Face's load_from_disk.

    Example: tracegraph episodes export good.jsonl --format openai --outcome success
    """
    from tracegraph.rollout import read_segments
    from tracegraph.rollout.formats import export as write

    if form not in ("openai", "trl", "verl", "parquet", "jsonl", "dataset"):
        told = "openai, trl, verl, parquet, jsonl or dataset"
        raise typer.BadParameter(told, param_hint="--format")
    if segments is not None:
        rows = [
            row for row in read_segments(segments)
            if outcome in ("", row.outcome) and task in ("", row.task)
        ]  # fmt: skip
    else:
        with open_store(store) as opened:
            rows = _rows(opened, run, outcome, task)
    if form in ("trl", "verl"):
        # Faults of machines are no samples of the policy.
        rows = [row for row in rows if row.reward is not None]
    if form == "dataset":
        from tracegraph.integrations.hub import dataset_of

        made = dataset_of(rows)
        made.save_to_disk(str(out))
        typer.echo(f"{out}: {len(made)} episodes")
        return
    written = write(rows, out, form)  # type: ignore[arg-type]
    typer.echo(f"{out}: {written} episodes")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="OTLP JSON, as a collector's file exporter writes.")],
    name: Annotated[str, typer.Option(help="What the run is called.")] = "spans",
    store: StorePath = None,
) -> None:
    """Read OpenTelemetry spans of a running service as episodes, to improve its prompts from.

    Each agent's run, or each trace, is an episode; its model calls are the turns; what the
    service's evaluations said is its reward and feedback.

    Example: tracegraph episodes import spans.jsonl && tracegraph optimize a.py --from-episodes last
    """
    from tracegraph.integrations.otel import read_spans, store_spans
    from tracegraph.runs import Store, list_episodes

    spans = read_spans(file)
    with Store(store) as opened:
        run = store_spans(opened, spans, name=name)
        kept = list_episodes(opened, run.id)
    judged = sum(episode.reward is not None for episode in kept)
    typer.echo(f"run {run.id}: {len(kept)} episodes, {judged} with a reward")


def _rows(store: Store, run: str, outcome: str = "", task: str = "") -> list[StoredEpisode]:
    from tracegraph.runs import StoreError, list_episodes, list_runs

    for found in list_runs(store, limit=1000):
        if run in ("last", "") or found.id.startswith(run):
            rows = list_episodes(
                store, found.id, outcome=outcome or None, task=task or None
            )  # fmt: skip
            if rows or run not in ("last", ""):
                return rows
    which = "run" if run in ("last", "") else f"run {run}"
    raise StoreError(
        f"{store.path} has no {which} with episodes: `tracegraph run`, `eval`, `rollout` and "
        "`episodes import` leave some"
    )


def _told(row: StoredEpisode) -> dict[str, Any]:
    turns = row.payload.get("turns", [])
    return {
        "key": row.key, "run": row.run, "agent": row.agent, "env": row.env, "task": row.task,
        "outcome": row.outcome, "reward": row.reward, "turns": len(turns),
        "tokens": sum(t.get("prompt_tokens", 0) + t.get("completion_tokens", 0) for t in turns),
        "seconds": round(row.finished - row.started, 3), "error": row.payload.get("error", ""),
    }  # fmt: skip


def _text(value: Any, whole: bool) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if whole or len(text) <= _SHORT else f"{text[:_SHORT]} … ({len(text)} characters)"
