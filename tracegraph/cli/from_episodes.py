"""`tracegraph optimize --from-episodes`: proposals from stored episodes, without new rollouts."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from tracegraph.runs import Run, Store
    from tracegraph.training.from_episodes import Found


def propose_from(
    run: str,
    workflow: str,
    *,
    optimizer: str,
    model: str,
    optimizer_model: str,
    budget: str,
    shown: int,
    count: int,
    seed: int,
    fresh: bool,
    store: Path | None,
    as_json: bool,
) -> None:
    """Ask an optimizer for better prompts, keep its proposals in the store, and print them.

    Args:
        run: whose episodes: its id, the beginning of it, or "last" for the newest with any.
        workflow: FILE.py or FILE.py:function with the prompts that may change.
        optimizer: a name that ``optimizers.make`` knows.
        model: of the optimizer, and of the workflow as it loads.
        optimizer_model: of the optimizer, if it is another one.
        budget: hard limits, as text.
        shown: episodes that the optimizer is shown, the worst first.
        count: different proposals wanted.
        seed: makes them repeatable.
        fresh: do not use the answer cache.
        store: the run store; None for .tracegraph/runs.db.
        as_json: print one JSON object.
    """
    import asyncio

    from tracegraph.cli.arguments import open_store
    from tracegraph.models import LLM, Budget, Cache, surround
    from tracegraph.optimizers import make
    from tracegraph.runs import StoredProposal, add_proposal, list_episodes, run_scope
    from tracegraph.training.errors import TrainingError
    from tracegraph.training.from_episodes import propose
    from tracegraph.training.job import parse_budget
    from tracegraph.training.workflow import load_workflow

    if model:
        os.environ["TRACEGRAPH_MODEL"] = model
    with open_store(store) as opened:
        source = _source(opened, run)
        episodes = list_episodes(opened, source.id)
        if not episodes:
            raise TrainingError(
                f"run {source.id} has no episodes; `tracegraph episodes list` shows which have"
            )
        loaded = load_workflow(workflow)
        limits: dict[str, Any] = dict(parse_budget(budget))
        limits |= {name: int(limits[name]) for name in ("tokens", "calls") if name in limits}
        maker = make(optimizer, llm=LLM(optimizer_model or model or None))
        cache = None if fresh else Cache(opened.path.with_name("answers.db"))
        try:
            with (
                run_scope(opened, "propose", loaded.name, episodes=source.id) as kept,
                surround(budget=Budget(**limits, name="run"), cache=cache),
            ):
                found = asyncio.run(
                    propose(loaded, episodes, maker, shown=shown, count=count, seed=seed)
                )
                payload = {"proposals": [proposal.to_json() for proposal in found.proposals]}
                add_proposal(opened, StoredProposal(kept.id, maker.name, payload=payload)).result()
        finally:
            if cache is not None:
                cache.close()
    if as_json:
        typer.echo(json.dumps(_told(found, source.id, kept.id)))
    else:
        _show(found, source.id, kept.id, workflow)


def _source(store: Store, name: str) -> Run:
    from tracegraph.runs import find_run, list_episodes, list_runs

    if name == "last":
        # The newest run is often one without episodes: a proposal, an optimisation.
        for run in list_runs(store):
            if list_episodes(store, run.id, limit=1):
                return run
    return find_run(store, name)


def _told(found: Found, source: str, run: str) -> dict[str, Any]:
    return {
        "run": run, "episodes": source, "used": found.used, "faults": found.faults,
        "score": found.score, "other": dict(found.other), "proven": False,
        "proposals": [proposal.to_json() for proposal in found.proposals],
    }  # fmt: skip


def _show(found: Found, source: str, run: str, workflow: str) -> None:
    from tracegraph.cli.diff import printable, show_changes

    left = f", {found.faults} left out as faults of the machine" if found.faults else ""
    typer.echo(f"{found.used} episodes of run {source}{left}; mean reward {found.score:.3f}")
    for name, count in found.other.items():
        if count:
            typer.echo(f"{count} of them do not say that they used the present value of {name}")
    for number, proposal in enumerate(found.proposals, 1):
        typer.echo(f"\nproposal {number}, by {proposal.optimizer}: {printable(proposal.reasoning)}")
        show_changes({name: (found.seed[name], new) for name, new in proposal.values.items()})
        for name, why in proposal.refused.items():
            typer.echo(f"refused for {printable(name)}: {printable(why)}")
    if not any(found.proposals):
        typer.echo("\nnothing was proposed; another --optimizer or --seed may have an idea")
        return
    typer.echo(
        f"\nNothing of this is proven: no episode was played with the new values. They are kept in "
        f"run {run}.\nTo prove a change, play new episodes with it, or "
        f"let a search find and prove one:\n  tracegraph optimize {workflow} --data FILE"
    )
