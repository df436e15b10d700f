"""What commands that run many episodes show: a bar on a terminal, lines elsewhere, or JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tracegraph.agents import Episode


class Pooled(Protocol):
    """Shows a rollout."""

    def tell(self, kind: str, told: dict[str, Any]) -> None:
        """Show that something happened."""

    def shown(self) -> Any:
        """Return a context manager in which the rollout is shown."""


def make_pooled(title: str, total: int, *, as_json: bool, quiet: bool) -> Pooled:
    """Return what fits the options and where the output goes."""
    if as_json:
        return Json()
    if quiet or not sys.stdout.isatty():
        return Lines(total, quiet=quiet)
    return Bar(title, total)


class Json:
    """One JSON object a line."""

    def tell(self, kind: str, told: dict[str, Any]) -> None:
        """Print an event."""
        if kind == "episode":
            episode: Episode = told["episode"]
            told = told | {
                "episode": None, "task": episode.task, "outcome": episode.outcome,
                "reward": episode.reward, "answer": episode.answer, "tokens": episode.tokens,
            }  # fmt: skip
            del told["episode"]
        print(json.dumps({"event": kind, **told}, default=str), flush=True)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Print nothing by itself."""
        yield


class Lines:
    """A line an episode."""

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self._total = total
        self._quiet = quiet
        self._done = 0

    def tell(self, kind: str, told: dict[str, Any]) -> None:
        """Print an event that people want to know of."""
        self._done += kind == "episode"
        if not self._quiet and (line := describe(kind, told)):
            count = f"{self._done}/{self._total} " if kind == "episode" else ""
            print(f"{count}{line}", flush=True)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Print nothing by itself."""
        yield


class Bar:
    """A bar with the mean reward, outcomes, tokens and time left; what happened scrolls above."""

    def __init__(self, title: str, total: int) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"), TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        self._task = self._progress.add_task(title, total=total, told="")
        self._rewards: list[float] = []
        self._outcomes: Counter[str] = Counter()
        self._tokens = 0

    def tell(self, kind: str, told: dict[str, Any]) -> None:
        """Show an event."""
        if line := describe(kind, told):
            self._progress.console.print(line, highlight=False, markup=False)
        if kind != "episode":
            return
        episode: Episode = told["episode"]
        self._outcomes[episode.outcome] += 1
        self._tokens += 0 if told["known"] else episode.tokens
        if episode.reward is not None:
            self._rewards.append(episode.reward)
        mean = sum(self._rewards) / len(self._rewards) if self._rewards else 0.0
        counts = ", ".join(f"{n} {what}" for what, n in self._outcomes.most_common())
        self._progress.update(
            self._task, advance=1, told=f"reward {mean:.3f}  {counts}  {self._tokens:,} tokens"
        )

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draw until the rollout ends."""
        with self._progress:
            yield


def describe(kind: str, told: dict[str, Any]) -> str:
    """Return an event in a line."""
    if kind == "episode":
        episode: Episode = told["episode"]
        reward = "" if episode.reward is None else f" {episode.reward:.2f}"
        said = " (stored)" if told["known"] else ""
        return f"{told['key']}: {episode.outcome}{reward}{said} {episode.error}".rstrip()
    if kind == "retry":
        return f"{told['key']}: attempt {told['attempt']} of {told['of']} failed: {told['why']}"
    if kind == "budget":
        return f"the budget is used up: {told['why']}"
    return ""
