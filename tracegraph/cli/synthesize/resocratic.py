"""`tracegraph synthesize resocratic`: optimisation problems with proofs, as a data set."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import StorePath
from tracegraph.cli.episodes import AsJson, BudgetText, Concurrency, Fresh, ModelName, Quiet, Resume

if TYPE_CHECKING:
    from tracegraph.agents.resocratic.making import Order
    from tracegraph.agents.resocratic.stages import Yield

_COMMAND = "synthesize resocratic"
_STOPPED = 130  # what shells give for Ctrl-C

Paths = Annotated[
    list[Path] | None,
    typer.Option("--decontaminate", help="Benchmark files or folders to stay clear of."),
]


def resocratic(
    out: Annotated[Path, typer.Option("--out", help="The folder of the data set.")],
    count: Annotated[int, typer.Option("--count", help="Rows wanted.")] = 25,
    model: ModelName = "",
    budget: BudgetText = "",
    resume: Resume = "",
    decontaminate: Paths = None,
    attempts: Annotated[
        int, typer.Option("--attempts", help="The most attempts; 0 is four a row.")
    ] = 0,
    variables: Annotated[str, typer.Option("--variables", help="How many: 2-3.")] = "2-3",
    constraints: Annotated[str, typer.Option("--constraints", help="How many: 2-3.")] = "2-3",
    nonlinear: Annotated[float, typer.Option("--nonlinear", help="Share of them.")] = 0.2,
    mutation: Annotated[
        float, typer.Option("--mutation", help="Share made by changing verified models.")
    ] = 0.3,
    samples: Annotated[
        int, typer.Option("--samples", help="Blind solutions a question; 0 asks for none.")
    ] = 2,
    programs: Annotated[
        str, typer.Option("--programs", help="formal: from formal lines; model: by the model.")
    ] = "formal",
    seeds: Annotated[
        Path | None, typer.Option("--seeds", help="A folder of seeds of your own.")
    ] = None,
    concurrency: Concurrency = 4,
    fresh: Fresh = False,
    store: StorePath = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make optimisation problems backwards: from a proven model to a question.

    Each row has a question, a program that solves it, and a certificate of its optimum; the
    folder gets a card with the yields. Rows are kept as they are made: --resume goes on.

    Example: tracegraph synthesize resocratic --out problems --count 25 --budget minutes=30
    """
    from tracegraph.agents.resocratic.making import Order
    from tracegraph.models import default_model

    order = Order(
        count=count, attempts=attempts or 4 * count, model=model or default_model(),
        benchmarks=tuple(decontaminate or ()), variables=_range("--variables", variables),
        constraints=_range("--constraints", constraints), nonlinear=nonlinear, mutation=mutation,
        samples=samples, programs=programs, seeds=seeds,
    )  # fmt: skip
    table = _make(
        order, out, budget=budget, resume=resume, concurrency=concurrency, fresh=fresh,
        as_json=as_json, quiet=quiet, store=store,
    )  # fmt: skip
    if not as_json:
        _print(table)
        typer.echo(f"{out}/README.md")


def _make(
    order: Order, out: Path, *, budget: str, resume: str, concurrency: int, fresh: bool,
    as_json: bool, quiet: bool, store: Path | None,
) -> list[Yield]:  # fmt: skip
    """Run the attempts as one run of the store and write the data set, also of a stopped run."""
    from tracegraph.agents.resocratic.making import make
    from tracegraph.cli.pooled import make_pooled
    from tracegraph.errors import TracegraphError
    from tracegraph.models import Budget, Cache, surround
    from tracegraph.rollout import Work, rollout
    from tracegraph.runs import Run, Store, find_run, finish_run, start_run, take_run, within
    from tracegraph.training.job import parse_budget

    limits: dict[str, Any] = dict(parse_budget(budget))
    limits |= {name: int(limits[name]) for name in ("tokens", "calls") if name in limits}
    with Store(store) as opened:
        if resume:
            run = find_run(opened, resume, kind=_COMMAND)
            if changed := [k for k, v in order.config.items() if run.config.get(k) != v]:
                raise TracegraphError(f"run {run.id} had other settings: {', '.join(changed)}")
            run = take_run(opened, run.id).result()
        else:
            run = Run(_COMMAND, config=order.config)
            start_run(opened, run).result()
        cache = None if fresh else Cache(opened.path.with_name("answers.db"))
        progress = make_pooled(
            f"tracegraph {_COMMAND}", order.attempts, as_json=as_json, quiet=quiet
        )

        shown: set[str] = set()

        def tell(kind: str, told: dict[str, Any]) -> None:
            # Each round begins with the episodes of those before it.
            if kind == "episode":
                if told["key"] in shown:
                    return
                shown.add(told["key"])
            progress.tell(kind, told)

        async def attempts(targets: Any, attempt: Any) -> Any:
            work = [Work(target.id, target) for target in targets]
            return await rollout(
                work, lambda item: attempt(item.task), store=opened, run=run.id,
                concurrency=concurrency, on_event=tell,
            )  # fmt: skip

        status: Any = "failed"
        try:
            with (
                within(opened, run),
                surround(budget=Budget(**limits, name="run"), cache=cache),
                progress.shown(),
            ):
                made = asyncio.run(make(order, out, attempts, run=run.id))
            status = "finished" if made.rows >= order.count else "stopped"
        except KeyboardInterrupt:
            status = "stopped"
            typer.echo(f"stopped; go on with: tracegraph {_COMMAND} … --resume {run.id}", err=True)
            raise typer.Exit(_STOPPED) from None
        finally:
            finish_run(opened, run.id, status).result()
            if cache is not None:
                cache.close()
    if not as_json:
        typer.echo(f"{made.rows} rows of {order.count} (run {run.id})")
    return made.yields


def _print(table: list[Yield]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table("stage", "in", "out", "share", "by code", "why not")
    for each in table:
        reasons = "; ".join(f"{said} ({n})" for said, n in each.reasons)
        shown.add_row(
            each.stage, str(each.entered), str(each.passed), f"{each.passed / each.entered:.0%}",
            str(each.by_code), reasons,
        )  # fmt: skip
    Console().print(shown)


def _range(option: str, text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        found = (int(low), int(high or low))
    except ValueError:
        found = (0, 0)
    if not 1 <= found[0] <= found[1]:
        raise typer.BadParameter(f"{text!r}: write 3, or 2-4", param_hint=option)
    return found
