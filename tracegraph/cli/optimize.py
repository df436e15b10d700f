"""`tracegraph optimize`: improve a workflow and prove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath

if TYPE_CHECKING:
    from tracegraph.training.job import Job
    from tracegraph.training.result import Result

_STOPPED = 130  # what shells give for Ctrl-C


def optimize(
    workflow: Annotated[
        str, typer.Argument(help="FILE.py or FILE.py:function; not with --resume.")
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            help="Examples: .jsonl, .json, .csv, .tsv or .parquet; hf://OWNER/NAME, or a folder "
            "of a saved Hugging Face data set."
        ),
    ] = "",
    guide: Annotated[
        str,
        typer.Option(
            help="Who judges: exact, regex:PATTERN, numeric:TOLERANCE, judge:RUBRIC, code, or "
            "FILE.py:function; else the file's own function `guide`, else exact."
        ),
    ] = "",
    model: Annotated[
        str, typer.Option(help="For workflow and optimizer; else $TRACEGRAPH_MODEL, else local.")
    ] = "",
    optimizer_model: Annotated[str, typer.Option(help="Another one for the optimizer.")] = "",
    optimizer: Annotated[
        str,
        typer.Option(
            help="hybrid, optoprime, optoprime-v2, optoprime-multi, opro, textgrad, pareto, "
            "playbook, fewshot, numeric, gepa."
        ),
    ] = "hybrid",
    budget: Annotated[
        str, typer.Option(help="Hard limits of everything: tokens=2M,minutes=12,dollars=1.50.")
    ] = "",
    expected: Annotated[
        str | None, typer.Option(help="The column to compare with; else expected, label, …")
    ] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", help="A column for the workflow; repeatable.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="The column of rows that belong together.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Read only so many examples.")] = None,
    fractions: Annotated[str, typer.Option(help="Of train, validation and test.")] = "0.4,0.3,0.3",
    steps: Annotated[int, typer.Option(help="The most steps of the search.")] = 12,
    patience: Annotated[int, typer.Option(help="Steps without anything better.")] = 4,
    minibatch: Annotated[int, typer.Option(help="Examples to screen a proposal on.")] = 12,
    probe: Annotated[int, typer.Option(help="Training examples to score candidates on.")] = 64,
    count: Annotated[int, typer.Option(help="Different proposals asked for at once.")] = 2,
    alpha: Annotated[
        float, typer.Option(help="The chance to accept any change that is no better.")
    ] = 0.05,
    repeats: Annotated[int, typer.Option(help="Runs of each example, for noisy metrics.")] = 1,
    concurrency: Annotated[int, typer.Option(help="Examples in flight.")] = 32,
    strategy: Annotated[
        str, typer.Option(help="What to improve next: basic, beam, ucb, priority, pareto.")
    ] = "beam",
    timeout: Annotated[float | None, typer.Option(help="Seconds for one example.")] = None,
    flow: Annotated[
        str, typer.Option(help="nodes, for workflows that pass nodes instead of values.")
    ] = "native",
    seed: Annotated[int, typer.Option(help="Of everything drawn by lot.")] = 0,
    approve: Annotated[
        bool, typer.Option("--approve", help="Hold each change until `tracegraph approve RUN`.")
    ] = False,
    resume: Annotated[
        str, typer.Option(help="Go on with a run: its id, the beginning of it, or last.")
    ] = "",
    from_episodes: Annotated[
        str,
        typer.Option(
            metavar="RUN",
            help="Propose prompts from the stored episodes of a run, in place of --data; nothing "
            "is run, and nothing is proven.",
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Run six examples and tell what all would take.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask models again what they answered before.")
    ] = False,
    store: StorePath = None,
    report: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")] = False,
) -> None:
    """Improve a workflow's prompts, code and settings, and prove that it helped.

    The workflow is plain Python: bundled functions, and parameters marked with node(…,
    trainable=True), Parameter(…) or bundle(trainable=True). Proposals are screened on training
    examples, accepted by a test on fresh ones, and the result is measured once on examples that
    no decision touched. Everything is on disk: after Ctrl-C or a crash, --resume goes on.

    Example: tracegraph optimize triage.py:triage --data messages.jsonl --budget minutes=12
    """
    from tracegraph.runs import Store
    from tracegraph.training.errors import TrainingError

    if from_episodes:
        from tracegraph.cli.from_episodes import propose_from

        if not workflow or data or resume:
            raise TrainingError(
                "--from-episodes needs the workflow whose prompts they used, and neither --data "
                "nor --resume: tracegraph optimize FILE.py --from-episodes RUN"
            )
        propose_from(
            from_episodes, workflow, optimizer=optimizer, model=model,
            optimizer_model=optimizer_model, budget=budget, shown=minibatch, count=count,
            seed=seed, fresh=fresh, store=store, as_json=as_json,
        )  # fmt: skip
        return
    with Store(store) as opened:
        if resume:
            from tracegraph.runs import find_run
            from tracegraph.training.job import Job

            run = find_run(opened, resume, kind="optimize")
            job, kept = Job.from_run(run), run
        else:
            if not workflow or not data:
                raise TrainingError(
                    "name a workflow and its examples: tracegraph optimize FILE.py --data FILE, "
                    "or --resume RUN"
                )
            job, kept = _job({**locals(), "data": _rows_of(data, opened.path.parent)}), None
        _run(job, opened, kept, dry_run, fresh, report, as_json, quiet)


def _job(given: dict[str, Any]) -> Job:
    from tracegraph.training.errors import TrainingError
    from tracegraph.training.job import Job, parse_budget
    from tracegraph.training.settings import Settings

    try:
        parts = tuple(float(part) for part in given["fractions"].split(","))
    except ValueError:
        parts = ()
    if len(parts) != 3:
        raise TrainingError(f"--fractions {given['fractions']}: give three numbers, as 0.4,0.3,0.3")
    settings = Settings(**{name: given[name] for name in Settings.__slots__ if name in given})
    named = {name: given[name] for name in Job.__slots__ if name in given}
    return Job(
        **{
            **named,
            "spec": _absolute(given["workflow"]),
            "data": str(Path(given["data"]).resolve()),
            "inputs": tuple(given["inputs"] or ()),
            "fractions": parts,
            "budget": parse_budget(given["budget"]),
            "settings": settings,
        }
    )


def _rows_of(data: str, folder: Path) -> str:
    if Path(data).is_file():
        return data
    from tracegraph.integrations.hub import fetch_rows, is_dataset

    return str(fetch_rows(data, folder / "data")) if is_dataset(data) else data


def _absolute(spec: str) -> str:
    file, colon, name = (spec, "", "") if spec.endswith(".py") else spec.partition(":")
    return f"{Path(file).resolve()}{colon}{name}"


def _run(
    job: Job,
    store: Any,
    run: Any,
    dry_run: bool,
    fresh: bool,
    report: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    import asyncio

    from tracegraph.cli.progress import make_progress
    from tracegraph.models import Cache

    cache = None if fresh else Cache(store.path.with_name("answers.db"))
    progress = make_progress(as_json=as_json, quiet=quiet)
    trainer = job.trainer(store, cache=cache, run=run, on_event=progress.tell)
    try:
        if dry_run:
            from tracegraph.training.estimate import estimate

            progress.estimate(asyncio.run(estimate(trainer)), trainer.budget.limits)
            return
        with progress.shown(trainer):
            result = asyncio.run(trainer.train())
    except KeyboardInterrupt:
        last = run.id if run is not None else _newest(store)
        typer.echo(f"stopped; go on with: tracegraph optimize --resume {last}", err=True)
        raise typer.Exit(_STOPPED) from None
    finally:
        if cache is not None:
            cache.close()
    page = _report(store, result, report)
    progress.result(result, page)


def _newest(store: Any) -> str:
    from tracegraph.runs import list_runs

    return list_runs(store, kind="optimize", limit=1)[0].id


def _report(store: Any, result: Result, path: Path | None) -> Path:
    from tracegraph.training.report import write_report

    page = path or store.path.with_name("reports") / f"{result.run}.html"
    return write_report(store, result.run, page)
