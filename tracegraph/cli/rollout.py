"""`tracegraph rollout`: many episodes of anything, here or on a Ray cluster."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath
from tracegraph.cli.episodes import AsJson, BudgetText, Concurrency, Fresh, ModelName, Quiet, Resume


def rollout(
    target: Annotated[
        str, typer.Argument(help="chat, or module:name of an agent or an async function of Work.")
    ],
    tasks: Annotated[Path, typer.Option("--tasks", help="JSONL, JSON, CSV or Parquet; with ids.")],
    samples: Annotated[int, typer.Option("--samples", help="Episodes of a task: its group.")] = 1,
    model: ModelName = "",
    temperature: Annotated[float, typer.Option(help="Of chat.")] = 1.0,
    policy: Annotated[str, typer.Option("--policy", help="The version of what behaves.")] = "",
    seed: Annotated[int, typer.Option(help="Of the first sample of a task.")] = 0,
    engine: Annotated[str, typer.Option("--engine", help="asyncio or ray.")] = "asyncio",
    address: Annotated[
        str, typer.Option("--address", help="Of the Ray cluster; auto, or none for an own one.")
    ] = "",
    cpus: Annotated[float, typer.Option("--cpus", help="That an episode occupies on Ray.")] = 1.0,
    segments: Annotated[
        Path | None, typer.Option("--segments", help="A folder for episodes as JSON lines.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for an attempt.")] = 1800.0,
    concurrency: Concurrency = 8,
    resume: Resume = "",
    budget: BudgetText = "",
    fresh: Fresh = False,
    store: StorePath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run episodes, several of each task, and keep them with what a training needs.

    Each counts once, whatever dies: its key is task, sample and policy version. After Ctrl-C or
    a crash, --resume goes on with the others. With --engine ray, --budget and the answer cache
    do not reach the other machines.

    Example: tracegraph rollout chat --tasks sums.jsonl --samples 8 --concurrency 32
    """
    from tracegraph.cli.episodes import run_episodes
    from tracegraph.errors import TracegraphError
    from tracegraph.rollout import Engine, Here, OnRay, Segments, spread
    from tracegraph.rollout.targets import Target, read_tasks

    if engine not in ("asyncio", "ray"):
        raise typer.BadParameter("it is asyncio or ray", param_hint="--engine")
    if engine == "ray" and budget:
        raise TracegraphError("a budget does not reach the machines of Ray: leave --budget out")
    episode = Target(target, model, temperature)
    episode.check()
    work = list(spread(read_tasks(tasks), samples, policy=policy, seed=seed))
    if not work:
        raise TracegraphError(f"{tasks} holds no tasks: a task is a row, for chat with a question")
    config: dict[str, Any] = {
        "target": target, "model": model, "temperature": temperature, "policy": policy,
        "tasks": hashlib.sha256(tasks.read_bytes()).hexdigest(), "samples": samples, "seed": seed,
    }  # fmt: skip
    with ExitStack() as stack:
        where: Engine = Here()
        if engine == "ray":
            where = stack.enter_context(OnRay(address or None, cpus=cpus))
        run, episodes = run_episodes(
            "rollout", work, episode, config=config, store=store, resume=resume,
            concurrency=concurrency, budget=budget, timeout=timeout, fresh=fresh,
            as_json=as_json, quiet=quiet, engine=where,
            segments=Segments(segments) if segments else None,
        )  # fmt: skip
    if not as_json:
        rewards = [e.reward for e in episodes if e.reward is not None]
        mean = f", mean reward {sum(rewards) / len(rewards):.3f}" if rewards else ""
        typer.echo(f"run {run}: {len(episodes)} of {len(work)} episodes{mean}")
