"""Many episodes as a command: a run in the store, progress, Ctrl-C and --resume."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tracegraph.agents import Episode
    from tracegraph.rollout import Engine, Segments, Work

_STOPPED = 130  # what shells give for Ctrl-C

ModelName = Annotated[
    str, typer.Option("--model", help="Any model; else $TRACEGRAPH_MODEL, else local.")
]
Resume = Annotated[
    str, typer.Option("--resume", help="Go on with a run: its id, the beginning of it, or last.")
]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Episodes at a time.")]
BudgetText = Annotated[
    str, typer.Option("--budget", help="Hard limits: tokens=2M,minutes=30,dollars=1.50.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ask models again what they answered before.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")]


def run_episodes(
    command: str,
    work: Iterable[Work],
    episode: Callable[[Work], Awaitable[Episode]],
    *,
    config: dict[str, Any],
    store: Path | None = None,
    resume: str = "",
    concurrency: int = 4,
    budget: str = "",
    timeout: float | None = None,
    fresh: bool = False,
    as_json: bool = False,
    quiet: bool = False,
    around: AbstractAsyncContextManager[Any] | None = None,
    engine: Engine | None = None,
    segments: Segments | None = None,
) -> tuple[str, list[Episode]]:
    """Run episodes as one run of the store; return its id and the episodes.

    Args:
        command: as the user typed it, as "eval dabench"; also the kind of the run.
        work: what to do; the same keys on every resume.
        episode: runs one.
        config: the settings that results depend on: a run is resumed only with the same.
        store: the run store; None for .tracegraph/runs.db.
        resume: a run to go on with; its finished episodes are not run again.
        concurrency: episodes at a time.
        budget: hard limits, as text.
        timeout: seconds for one attempt at an episode.
        fresh: do not use the answer cache.
        as_json: print JSON lines.
        quiet: print nothing while it works.
        around: what all episodes share, such as warm kernels; open while they run.
        engine: where attempts run; None for this process.
        segments: also gets each episode, for readers of files.
    """
    from tracegraph.cli.pooled import make_pooled
    from tracegraph.errors import TracegraphError
    from tracegraph.models import Budget, Cache, surround
    from tracegraph.rollout import rollout
    from tracegraph.runs import Run, Store, find_run, finish_run, start_run, take_run, within
    from tracegraph.training.job import parse_budget

    limits: dict[str, Any] = dict(parse_budget(budget))
    limits |= {name: int(limits[name]) for name in ("tokens", "calls") if name in limits}
    items = list(work)
    with Store(store) as opened:
        if resume:
            run = find_run(opened, resume, kind=command)
            changed = sorted(k for k in config if run.config.get(k) != config[k])
            if changed:
                told = ", ".join(f"{k} (was {run.config.get(k)!r})" for k in changed)
                raise TracegraphError(f"run {run.id} had other settings: {told}")
            run = take_run(opened, run.id).result()
        else:
            run = Run(command, config=config)
            start_run(opened, run).result()
        cache = None if fresh else Cache(opened.path.with_name("answers.db"))
        progress = make_pooled(f"tracegraph {command}", len(items), as_json=as_json, quiet=quiet)
        status: Any = "failed"
        try:
            with (
                within(opened, run),
                surround(budget=Budget(**limits, name="run"), cache=cache),
                progress.shown(),
            ):
                episodes = asyncio.run(
                    _inside(
                        around or nullcontext(),
                        rollout(
                            items, episode, store=opened, run=run.id, concurrency=concurrency,
                            timeout=timeout, on_event=progress.tell, engine=engine,
                            segments=segments,
                        ),
                    )
                )  # fmt: skip
            status = "finished" if len(episodes) == len(items) else "stopped"
        except KeyboardInterrupt:
            status = "stopped"
            typer.echo(f"stopped; go on with: tracegraph {command} … --resume {run.id}", err=True)
            raise typer.Exit(_STOPPED) from None
        finally:
            finish_run(opened, run.id, status).result()
            if cache is not None:
                cache.close()
    return run.id, episodes


async def _inside(
    around: AbstractAsyncContextManager[Any], work: Coroutine[Any, Any, list[Episode]]
) -> list[Episode]:
    try:
        async with around:
            return await work
    finally:
        work.close()  # where nothing could be opened, it never began
