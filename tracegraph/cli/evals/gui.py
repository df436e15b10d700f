"""`tracegraph eval gui`: an agent's success on many tasks, in groups where wanted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath
from tracegraph.cli.desktop_tasks import Families, Seeds
from tracegraph.cli.episodes import AsJson, BudgetText, Concurrency, Fresh, ModelName, Quiet, Resume

if TYPE_CHECKING:
    from tracegraph.agents import Episode
    from tracegraph.envs.desktop.tasks import GuiTask


def gui(
    suite: Annotated[str, typer.Option(help="own, or a file or folder of task files.")] = "own",
    families: Families = None,
    seeds: Seeds = "0",
    limit: Annotated[int | None, typer.Option(help="The first so many tasks.")] = None,
    n_per_task: Annotated[int, typer.Option(help="Episodes of each task: a group.")] = 1,
    model: ModelName = "",
    brain: Annotated[
        str,
        typer.Option(help="text (accessibility tree), marks (and a picture), uitars, or auto."),
    ] = "auto",
    steps: Annotated[int | None, typer.Option(help="Steps at most; else each task's.")] = None,
    temperature: Annotated[
        float | None, typer.Option(help="0 for one episode a task, 1 for groups, if not given.")
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="Running out of steps counts as saying it can't be done."),
    ] = False,
    format_weight: Annotated[
        float, typer.Option(help="Of the format reward: 0.5 (ARPO's code) or 1.0 (its paper).")
    ] = 0.5,
    logprobs: Annotated[
        bool, typer.Option("--logprobs", help="Keep token ids and log-probabilities.")
    ] = False,
    replay: Annotated[
        Path | None, typer.Option(help="ARPO's replay buffer (.jsonl), read and written.")
    ] = None,
    contrasts: Annotated[
        Path | None, typer.Option(help="Where best against worst of each group goes (.jsonl).")
    ] = None,
    select: Annotated[
        Path | None, typer.Option(help="Where tasks that succeed now and then go (rows, .jsonl).")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for one episode.")] = 1800.0,
    concurrency: Concurrency = 2,
    resume: Resume = "",
    budget: BudgetText = "",
    fresh: Fresh = False,
    store: StorePath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure the GUI agent, each episode on a fresh desktop, none waiting for another.

    Tasks that ask for what is not supported are named and not scored. Finished episodes are in
    the run store: after Ctrl-C or a crash, --resume goes on with the others.

    Example: tracegraph eval gui --family editor --seeds 0,1 --concurrency 4
    """
    from tracegraph.agents.gui import GuiAgent, Habits
    from tracegraph.agents.gui.choose import make_brain
    from tracegraph.cli.desktop_tasks import load_suite
    from tracegraph.cli.episodes import run_episodes
    from tracegraph.envs.desktop.env import Rules
    from tracegraph.envs.desktop.local import LocalXvfb
    from tracegraph.envs.desktop.pool import DesktopPool
    from tracegraph.models import LLM
    from tracegraph.rollout import Work

    tasks = _runnable(load_suite(suite, families, seeds), quiet=quiet, as_json=as_json)[:limit]
    warmth = (1.0 if n_per_task > 1 else 0.0) if temperature is None else temperature
    pool = DesktopPool(LocalXvfb, max(1, min(concurrency, len(tasks) * n_per_task)))
    agent = GuiAgent(
        make_brain(LLM(model or None), brain, temperature=warmth, logprobs=logprobs),
        pool.lease,
        rules=Rules(steps=steps, published=published),
        habits=Habits(format_weight=format_weight),
    )

    async def episode(work: Work) -> Episode:
        return await agent.run(work.task, seed=work.seed)

    run, episodes = run_episodes(
        "eval gui",
        [Work(f"{task.id}#{n}", task, 100 * n) for task in tasks for n in range(n_per_task)],
        episode,
        config={
            "suite": suite, "tasks": [task.id for task in tasks], "n": n_per_task,
            "policy": agent.brain.policy, "brain": brain, "steps": steps, "temperature": warmth,
            "published": published, "format_weight": format_weight,
        },
        store=store, resume=resume, concurrency=concurrency, budget=budget, timeout=timeout,
        fresh=fresh, as_json=as_json, quiet=quiet, around=pool,
    )  # fmt: skip
    _learn(episodes, replay, contrasts, select)
    _show(run, tasks, episodes, as_json=as_json)


def _runnable(tasks: list[GuiTask], *, quiet: bool, as_json: bool) -> list[GuiTask]:
    from tracegraph.envs.desktop.tasks import unsupported

    found = []
    for task in tasks:
        missing = unsupported(task)
        if missing and not quiet:
            told = f"{task.id}: unsupported, not scored: {', '.join(missing)}"
            typer.echo(told, err=as_json)
        if not missing:
            found.append(task)
    return found


def _learn(
    episodes: list[Episode], replay: Path | None, contrasts: Path | None, select: Path | None
) -> None:
    from tracegraph.agents.gui.arpo import ReplayBuffer, contrast, group_by_task, select_tasks

    groups = group_by_task(episodes)
    if replay is not None:
        buffer = ReplayBuffer.load(replay)
        buffer.add(one for group in groups for one in group.episodes)
        buffer.save(replay)
    if contrasts is not None:
        told = [{"task": group.task, "feedback": contrast(group)} for group in groups]
        _write(contrasts, [one for one in told if one["feedback"]])
    if select is not None:
        _write(select, [{"task": task} for task in select_tasks(groups)])


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _show(
    run: str, tasks: list[GuiTask], episodes: list[Episode], *, as_json: bool = False
) -> None:
    from tracegraph.agents.gui.arpo import group_by_task, pass_at_k

    groups = {group.task: group for group in group_by_task(episodes)}
    rows: list[dict[str, Any]] = []
    parts = {"all": tasks}
    for task in tasks:
        parts.setdefault(task.x_tracegraph.level, []).append(task)
        parts.setdefault(task.id.partition("/")[0], []).append(task)
    for name, listed in parts.items():
        scored = [groups[task.id] for task in listed if task.id in groups]
        if not scored:
            continue
        values = [value for group in scored for value in group.evaluations]
        k = min(len(group.evaluations) for group in scored)
        passed = [
            pass_at_k(len(g.evaluations), sum(v >= 1 for v in g.evaluations), k) for g in scored
        ]
        rows.append(
            {
                "tasks": name, "count": len(scored), "score": sum(values) / len(values),
                "k": k, "pass": sum(passed) / len(passed),
                "steps": sum(len(e.turns) for g in scored for e in g.episodes) / len(values),
            }
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps({"event": "results", "run": run, "rows": rows}))
        return
    if not rows:
        typer.echo(f"run {run}: no episode was scored")
        raise typer.Exit(1)
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"run {run}", title_justify="left")
    for heading in ("tasks", "count", "mean score", "pass@k", "steps"):
        table.add_column(heading, justify="left" if heading == "tasks" else "right")
    for row in rows:
        table.add_row(
            row["tasks"], str(row["count"]), f"{row['score']:.3f}",
            f"{row['pass']:.3f} (k={row['k']})", f"{row['steps']:.1f}",
        )  # fmt: skip
    Console().print(table)
