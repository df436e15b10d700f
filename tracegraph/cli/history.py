"""`tracegraph history`: the runs of the store, or what happened in one of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracegraph.cli.arguments import AsJson, StorePath, open_store

if TYPE_CHECKING:
    from tracegraph.runs import Store
    from tracegraph.training.review import Review


def history(
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="A run's id, the beginning of it, or last.")
    ] = "",
    limit: Annotated[int, typer.Option(help="List at most so many runs.")] = 20,
    as_json: AsJson = False,
    store: StorePath = None,
) -> None:
    """List the runs, or show one: its steps, candidates, decisions and troubles.

    Example: tracegraph history last
    """
    from tracegraph.runs import list_runs
    from tracegraph.training.review import Review

    with open_store(store) as opened:
        if run:
            reviews = [Review.of(opened, run)]
        else:
            found = list_runs(opened, kind="optimize", limit=limit)
            reviews = [Review.of(opened, each.id) for each in found]
        costs = [spent(opened, review) for review in reviews]
    if as_json:
        import json

        told = [
            {**told_run(review, cost), **(told_details(review) if run else {})}
            for review, cost in zip(reviews, costs, strict=True)
        ]
        typer.echo(json.dumps(told[0] if run else told, default=str))
        return
    from tracegraph.cli.history_tables import show_list, show_run

    if run:
        show_run(reviews[0], costs[0])
    elif reviews:
        show_list(reviews, costs)
    else:
        typer.echo(f"{opened.path} has no runs yet: tracegraph optimize FILE.py --data FILE")


def spent(store: Store, review: Review) -> dict[str, float]:
    """Return what a run took: tokens, dollars, seconds, calls of models."""
    from tracegraph.runs import call_totals, load_state

    totals = call_totals(store, run=review.run.id)
    return {
        "tokens": totals.prompt_tokens + totals.completion_tokens,
        "dollars": totals.cost,
        "seconds": float(load_state(store, review.run.id, "clock", 0.0)),
        "calls": totals.calls,
        "cached": totals.cached,
        "errors": totals.errors,
    }


def told_run(review: Review, cost: dict[str, float]) -> dict[str, Any]:
    """Return a run in short, as plain values."""
    begun = bool(review.candidates)
    return {
        "run": review.run.id,
        "workflow": review.run.name,
        "state": review.state,
        "started": review.run.started,
        "finished": review.run.finished,
        "improved": begun and review.improved,
        "seed": review.seed.name if begun else "",
        "best": review.winner.name if begun else "",
        "proof": None if review.proof is None else review.proof.to_json(),
        "summary": review.run.summary,
        "spent": cost,
    }


def told_details(review: Review) -> dict[str, Any]:
    """Return what happened in a run, as plain values."""
    candidates = [
        {**asdict(c), "scores": {split: c.mean(split) for split in c.scores}}
        for c in review.candidates.values()
    ]
    return {
        "candidates": candidates,
        "decisions": [{"verdict": d.verdict, **d.payload} for d in review.decisions],
        "events": [{"kind": e.kind, "time": e.created, **e.payload} for e in review.events],
        "malformed": [
            {"place": p.payload["place"], "malformed": one["malformed"], "refused": one["refused"]}
            for p in review.proposals
            for one in p.payload["proposals"]
            if one["malformed"] or one["refused"]
        ],
    }
