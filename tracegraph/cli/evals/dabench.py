"""`tracegraph eval dabench`: questions about tables with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath
from tracegraph.cli.episodes import AsJson, BudgetText, Concurrency, Fresh, ModelName, Quiet, Resume

if TYPE_CHECKING:
    from tracegraph.agents.datarus.dabench import Results


def dabench(
    data: Annotated[Path, typer.Option(help="The folder with questions, labels and tables.")],
    limit: Annotated[int | None, typer.Option(help="The first so many questions.")] = None,
    levels: Annotated[
        list[str] | None, typer.Option("--level", help="easy, medium or hard; repeatable.")
    ] = None,
    model: ModelName = "",
    mode: Annotated[str, typer.Option(help="auto, agentic, reflection or structured.")] = "auto",
    steps: Annotated[int, typer.Option(help="Cells at most, a question.")] = 8,
    context: Annotated[int, typer.Option(help="Tokens of a prompt with its answer.")] = 4096,
    seed: Annotated[int, typer.Option(help="Of what the model draws by lot.")] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds for one question.")] = 1800.0,
    concurrency: Concurrency = 4,
    resume: Resume = "",
    budget: BudgetText = "",
    fresh: Fresh = False,
    store: StorePath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure Datarus on InfiAgent-DABench, scored as published.

    A question counts as right when every part of its answer is. Finished questions are in the
    run store: after Ctrl-C or a crash, --resume goes on with the others.

    Example: tracegraph eval dabench --data dabench --limit 25 --concurrency 8
    """
    from tracegraph.agents import Episode
    from tracegraph.agents.datarus import Datarus, Settings
    from tracegraph.agents.datarus.dabench import load, summarize, to_task
    from tracegraph.cli.episodes import run_episodes
    from tracegraph.envs.notebook import KernelPool, NotebookEnv
    from tracegraph.models import LLM
    from tracegraph.rollout import Work

    questions = load(data, levels=levels or (), limit=limit)
    pool = KernelPool(min(2, len(questions)), most=concurrency)
    agent = Datarus(
        LLM(model or None),
        lambda task: NotebookEnv(pool),
        mode=mode,  # type: ignore[arg-type]
        settings=Settings(steps=steps, context=context),
    )

    async def episode(work: Work) -> Episode:
        return await agent.run(work.task, seed=work.seed)

    run, episodes = run_episodes(
        "eval dabench",
        [Work(question.id, to_task(question), seed) for question in questions],
        episode,
        config={
            "data": str(data.resolve()), "model": agent.llm.model, "mode": mode, "steps": steps,
            "context": context, "seed": seed,
        },
        store=store, resume=resume, concurrency=concurrency, budget=budget, timeout=timeout,
        fresh=fresh, as_json=as_json, quiet=quiet, around=pool,
    )  # fmt: skip
    show(run, summarize(questions, episodes), as_json=as_json)


def show(run: str, results: Results | None, *, as_json: bool = False) -> None:
    """Print the table of results."""
    if results is None:
        typer.echo(f"run {run}: no question was scored")
        raise typer.Exit(1)
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps({"event": "results", "run": run, **asdict(results)}))
        return
    from rich.console import Console
    from rich.table import Table

    out = Console()
    low, high = results.interval
    table = Table(title=f"DABench, {results.questions} questions (run {run})", title_justify="left")
    table.add_column("accuracy")
    table.add_column("", justify="right")
    rows: list[tuple[str, Any]] = [
        ("by question", f"{results.by_question:.1%}  (95 %: {low:.1%} to {high:.1%})"),
        ("by sub-question", f"{results.by_part:.1%}"),
        ("proportional", f"{results.proportional:.1%}"),
        ("by question, within a tolerance", f"{results.tolerant:.1%}"),
    ]
    for name, (share, count) in [*results.levels.items(), *results.concepts.items()]:
        rows.append((name or "(no level)", f"{share:.1%} of {count}"))
    rows += [
        ("tokens a question", f"{results.tokens:,.0f}"),
        ("cells a question", f"{results.cells:.1f}"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    out.print(table)
    for kind, count in results.failures.items():
        out.print(f"{count:4d} failed: {kind}", highlight=False)
    if results.repairs:
        told = ", ".join(f"{kind} {count}" for kind, count in results.repairs.items())
        out.print(f"repairs and troubles: {told}", highlight=False)
    if results.faults:
        out.print(f"{results.faults} not scored: the machine failed; --resume {run} tries again")
