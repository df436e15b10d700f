"""`tracegraph desktop lint-tasks` and `tasks`: whether tasks are sound, and what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tracegraph.envs.desktop.tasks import GuiTask
    from tracegraph.envs.desktop.tasks.lint import Finding

Families = Annotated[
    list[str] | None,
    typer.Option("--family", help="Of our own: editor, office/total, …; repeatable."),
]
Seeds = Annotated[str, typer.Option(help="Of our own tasks: 0,1, or 1000 (held out).")]


def lint_tasks(
    suite: Annotated[
        str, typer.Argument(help="own, or a file or folder of task files with oracles.")
    ] = "own",
    families: Families = None,
    seeds: Seeds = "0",
    times: Annotated[int, typer.Option(help="Runs of each, every one on a fresh desktop.")] = 2,
    concurrency: Annotated[int, typer.Option(help="Desktops at a time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Check that doing nothing scores 0 and the oracle 1, on fresh desktops.

    Example: tracegraph desktop lint-tasks --family editor --concurrency 3
    """
    import asyncio

    from tracegraph.envs.desktop.local import LocalXvfb
    from tracegraph.envs.desktop.pool import DesktopPool
    from tracegraph.envs.desktop.tasks.lint import lint_tasks as lint

    tasks = load_suite(suite, families, seeds)

    def tell(finding: Finding) -> None:
        if as_json:
            from dataclasses import asdict

            typer.echo(json.dumps(asdict(finding)))
            return
        state = finding.problem or "sound"
        scores = f"nothing {_scores(finding.nothing)}  oracle {_scores(finding.oracle)}"
        typer.echo(f"{finding.task:32} {scores}  {finding.seconds:5.1f} s  {state}")

    async def run() -> list[Finding]:
        async with DesktopPool(LocalXvfb, concurrency) as pool:
            return await lint(tasks, pool.lease, concurrency=concurrency, times=times, tell=tell)

    findings = asyncio.run(run())
    sound = sum(not finding.problem for finding in findings)
    if not as_json:
        typer.echo(f"{sound} of {len(findings)} tasks are sound")
    if sound < len(findings):
        raise typer.Exit(1)


def tasks(
    families: Families = None,
    seeds: Seeds = "0",
    rows: Annotated[
        Path | None, typer.Option(help="Write one row a task (.jsonl), for optimize.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write each as a file of OSWorld's form into this folder.")
    ] = None,
) -> None:
    """List our own tasks, or write them to files.

    Seeds from 1000 on are held out; their rows are for the test only.

    Example: tracegraph desktop tasks --family editor --seeds 0,1,1000 --rows rows.jsonl
    """
    from tracegraph.envs.desktop.tasks.own import HELD_OUT

    found = load_suite("own", families, seeds)
    if rows is not None:
        told = []
        for task in found:
            row = {"task": task.id}
            told.append(row | ({"split": "test"} if task.x_tracegraph.seed >= HELD_OUT else {}))
        rows.write_text("".join(json.dumps(row) + "\n" for row in told), encoding="utf-8")
    if export is not None:
        for task in found:
            path = export / f"{task.id}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(task.model_dump_json(indent=1), encoding="utf-8")
    if rows is None and export is None:
        for task in found:
            typer.echo(f"{task.id:32} {task.x_tracegraph.level:7} {task.instruction}")


def load_suite(suite: str, families: list[str] | None, seeds: str) -> list[GuiTask]:
    """Return the tasks of ``own`` (families, seeds), or of a file or folder.

    Raises:
        TaskError: there is none, or the seeds are no numbers.
    """
    from tracegraph.envs.desktop.tasks import TaskError, load_tasks
    from tracegraph.envs.desktop.tasks.own import suite as own

    if suite != "own":
        return load_tasks(Path(suite))
    try:
        numbers = [int(one) for one in seeds.split(",")]
    except ValueError:
        raise TaskError(f"--seeds {seeds}: give numbers, as 0,1,1000") from None
    return own(numbers, families)


def _scores(values: list[float]) -> str:
    return (
        " ".join(f"{value:.0f}" if value in (0, 1) else f"{value:.2f}" for value in values) or "-"
    )
