"""Runs as tables and trees on a terminal."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from tracegraph.training.export import worth
from tracegraph.training.review import name_of
from tracegraph.training.wording import evidence_line, score, title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tracegraph.training.review import Review, Tried

_STATES = {
    "finished": "green", "running": "cyan", "waiting": "magenta",
    "interrupted": "yellow", "stopped": "yellow", "failed": "red",
}  # fmt: skip
_STATUSES = {"best": "bold green", "accepted": "green", "rejected": "red", "pending": "magenta"}
_PIPED = 10_000  # columns where the output is no terminal: nothing is folded
_SHORTEST = 12  # characters of an id: ten are its time


def show_list(reviews: Sequence[Review], costs: Sequence[Mapping[str, float]]) -> None:
    """Print the runs, the newest first."""
    table = _table(
        "run", "started", "workflow", "state", "score", "candidates", "tokens", "dollars", "seconds"
    )
    ids = [review.run.id for review in reviews]
    for review, cost in zip(reviews, costs, strict=True):
        table.add_row(
            _short(review.run.id, ids),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(review.run.started)),
            Text(review.run.name),
            Text(review.state, _STATES.get(review.state, "")),
            _scores(review),
            str(len(review.candidates)),
            f"{cost['tokens']:,.0f}",
            f"{cost['dollars']:.4f}",
            f"{cost['seconds']:,.0f}",
        )
    _console().print(table)


def show_run(review: Review, cost: Mapping[str, float]) -> None:
    """Print what happened in a run."""
    out = _console()
    out.print(f"run {review.run.id}: {review.run.name}, {review.state}", style="bold")
    if error := review.run.summary.get("error"):
        out.print(Text(str(error), "red"))
    if review.candidates:
        out.print(Text(_outcome(review)))
    out.print(
        f"{cost['tokens']:,.0f} tokens, {cost['dollars']:.4f} $, {cost['seconds']:.0f} s, "
        f"{cost['calls']:.0f} calls of models, {cost['cached']:.0f} answered before"
    )
    if review.candidates:
        out.print(_steps(review))
        out.print(_tree(review))
        _decisions(out, review)
    _troubles(out, review)
    if review.waiting:
        out.print(f"{review.waiting} waits: tracegraph approve {review.run.id}", style="magenta")
    elif review.state in ("interrupted", "stopped", "failed"):
        out.print(f"go on with: tracegraph optimize --resume {review.run.id}", style="yellow")


def _outcome(review: Review) -> str:
    if review.winner.name == review.seed.name:
        if review.proof is None:
            return "no change was accepted so far"
        return (
            f"no change was shown to be better; the seed scores {review.proof.before} on the "
            "locked examples"
        )
    return worth(review, review.winner)


def _steps(review: Review) -> Table:
    table = _table("step", "improves", "most blamed", "tried", "best tried", "tokens", "seconds")
    table.title, table.title_justify, table.title_style = "steps", "left", "bold"
    steps = [event.payload for event in review.events if event.kind == "step"]
    for step in steps:
        tried = [c for c in review.candidates.values() if c.step == step["number"]]
        means = [mean for c in tried if (mean := c.mean("train")) is not None]
        took = step.get("spent", {})
        cells = [
            str(step["number"]),
            step["candidate"],
            ", ".join(map(title, step["focus"][:3])),
            str(len(tried)),
            score(max(means, default=None)),
            f"{took.get('tokens', 0):,}",
            f"{took.get('seconds', 0):.0f}",
        ]
        table.add_row(*map(Text, cells))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        numeric = column in ("candidates", "tokens", "dollars", "seconds")
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    return table


def _tree(review: Review) -> Tree:
    tree = Tree(Text("candidates", "bold"), guide_style="dim")
    places = {"": tree}
    waiting = list(review.candidates.values())
    while waiting:
        # A parent was made before its children, and is placed in an earlier round.
        ready = [c for c in waiting if c.parent in places]
        if not ready:
            break
        for candidate in ready:
            places[candidate.name] = places[candidate.parent].add(_line(review, candidate))
        waiting = [c for c in waiting if c.name not in places]
    return tree


def _line(review: Review, candidate: Tried) -> Text:
    line = Text(candidate.name, _STATUSES.get(candidate.status, ""))
    by = candidate.optimizer or "seed"
    line.append(f"  {by}, {candidate.status}", "dim")
    for split in ("train", "validation", "test"):
        if (mean := candidate.mean(split)) is not None:
            line.append(f"  {split} {score(mean)}", "bold" if split == "test" else "")
            line.append(f" ({len(candidate.scores[split])})", "dim")
    if evidence := review.evidence(candidate.name):
        line.append(f"  e-value {evidence['e_value']:.2g}", "dim")
    return line


def _decisions(out: Console, review: Review) -> None:
    for decision in review.decisions:
        name = name_of(decision.candidate)
        line = Text(f"{decision.verdict} {name}", _STATUSES.get(decision.verdict, ""))
        line.append(
            f" against {decision.payload['against']}: {evidence_line(decision.payload)}", ""
        )
        if decision.payload.get("reason"):
            line.append(f"; a person said: {decision.payload['reason']}")
        out.print(line)


def _troubles(out: Console, review: Review) -> None:
    malformed = sum(one["malformed"] for p in review.proposals for one in p.payload["proposals"])
    if malformed:
        out.print(f"{malformed} answers of the optimizer's model had the wrong form")
    refused = Counter(
        (name, why)
        for stored in review.proposals
        for one in stored.payload["proposals"]
        for name, why in one["refused"].items()
    )
    for (name, why), count in refused.items():
        out.print(Text(f"refused for {name}{_times(count)}: {why}", "yellow"))
    for event in review.events:
        if event.kind in ("trouble", "unanswered", "budget"):
            where = event.payload.get("example") or event.payload.get("place") or ""
            out.print(Text(f"{event.kind} {where}: {event.payload['why']}", "yellow"))


def _times(count: int) -> str:
    return f", {count} times" if count > 1 else ""


def _scores(review: Review) -> Text:
    if not review.candidates:
        return Text("-", "dim")
    if review.proof is None:
        return Text(f"{score(review.seed.mean('train'))} on training examples", "dim")
    before, after = review.proof.before.mean, review.proof.after.mean
    if review.improved:
        return Text(f"{score(before)} → {score(after)}", "bold green")
    return Text(f"{score(before)}, seed kept")


def _short(id: str, ids: Sequence[str]) -> str:
    for length in range(_SHORTEST, len(id)):
        if sum(other.startswith(id[:length]) for other in ids) == 1:
            return id[:length]
    return id


def _console() -> Console:
    out = Console(highlight=False, markup=False, emoji=False)
    if not out.is_terminal:
        out.width = _PIPED
    return out
