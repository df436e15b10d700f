"""`tracegraph run datarus`: answer a question about data, live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath

if TYPE_CHECKING:
    from tracegraph.agents import Episode

_STOPPED = 130  # what shells give for Ctrl-C


def datarus(
    question: Annotated[str, typer.Argument(help="What to find out.")],
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="A table or other file; repeatable.")
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help="Any model; else $TRACEGRAPH_MODEL, else local.")
    ] = "",
    mode: Annotated[
        str,
        typer.Option(help="auto; agentic or reflection (with tags), structured (with JSON)."),
    ] = "auto",
    notebook: Annotated[
        Path | None, typer.Option(help="Where the notebook goes; figures beside it.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    steps: Annotated[int, typer.Option(help="Cells at most.")] = 10,
    images: Annotated[
        bool, typer.Option("--images", help="Show figures to the model, if it has eyes.")
    ] = False,
    context: Annotated[int, typer.Option(help="Tokens of a prompt with its answer.")] = 4096,
    seed: Annotated[int, typer.Option(help="Of what the model draws by lot.")] = 0,
    budget: Annotated[
        str, typer.Option(help="Hard limits: tokens=200k,minutes=10,dollars=0.50.")
    ] = "",
    store: StorePath = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the answer.")] = False,
) -> None:
    """Answer a question about data: a model works in a notebook, and you watch.

    The code runs in the sandbox, without a network; it sees the files that you name and nothing
    else.

    Example: tracegraph run datarus "Which class survived most?" --data titanic.csv --report r.html
    """
    import asyncio

    from tracegraph.agents.datarus import Datarus, Settings
    from tracegraph.cli.run.watching import make_watcher
    from tracegraph.envs.notebook import NotebookEnv, NotebookTask, write_report
    from tracegraph.errors import TracegraphError
    from tracegraph.models import LLM, Budget, surround
    from tracegraph.runs import Store, add_episode, run_scope
    from tracegraph.training.job import parse_budget

    files = {path.name: path.resolve() for path in data or []}
    if missing := [str(path) for path in data or [] if not path.is_file()]:
        raise TracegraphError(f"there is no file {', '.join(missing)}: name files with --data")
    if len(files) < len(data or []):
        raise TracegraphError("two files have one name: rename one of them")
    limits: dict[str, Any] = dict(parse_budget(budget))
    limits |= {name: int(limits[name]) for name in ("tokens", "calls") if name in limits}
    task = NotebookTask("question", question, files)
    figures = (notebook or report or Path("figures")).resolve()
    watch = make_watcher(figures, as_json=as_json, quiet=quiet)
    made: list[NotebookEnv] = []

    def env(task: NotebookTask) -> NotebookEnv:
        made.append(NotebookEnv(path=notebook))
        return made[0]

    settings = Settings(steps=steps, images=images, context=context)
    agent = Datarus(LLM(model or None), env, mode=mode, settings=settings)  # type: ignore[arg-type]
    with (
        Store(store) as opened,
        run_scope(opened, "run datarus", question[:80], model=agent.llm.model, mode=mode) as run,
        surround(budget=Budget(**limits, name="run")),
    ):
        try:
            episode: Episode = asyncio.run(agent.run(task, seed=seed, on_event=watch))
        except KeyboardInterrupt:
            kept = f"; the notebook so far: {notebook}" if notebook else ""
            typer.echo(f"stopped{kept}", err=True)
            raise typer.Exit(_STOPPED) from None
        if notebook is not None:
            episode.files["notebook"] = str(notebook)
        if report is not None:
            cost: dict[str, Any] = {"tokens": episode.tokens, "dollars": round(episode.cost, 4)}
            cost |= {"seconds": round(episode.finished - episode.started, 1)}
            cost |= {"calls of the model": len(episode.turns), "model": agent.llm.model}
            write_report(
                report, title=question, notebook=made[0].notebook, answer=episode.answer, cost=cost
            )
            episode.files["report"] = str(report)
        add_episode(opened, episode.to_stored(run.id, task.id)).result()
    watch("end", {"episode": episode})
    if not episode.answer:
        raise typer.Exit(1)
