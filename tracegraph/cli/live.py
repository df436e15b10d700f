"""The live view of an optimisation on a terminal."""

from __future__ import annotations

import difflib
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tracegraph.cli.progress import ended, estimated
from tracegraph.training.intervals import score_interval
from tracegraph.training.telling import describe

if TYPE_CHECKING:
    from tracegraph.models.budget import Limits
    from tracegraph.training.estimate import Estimate
    from tracegraph.training.result import Result
    from tracegraph.training.trainer import Trainer

_LINES = 12  # of what happened
_DIFF = 14  # of the last accepted change


class Live:
    """A panel that is drawn again four times a second."""

    def __init__(self) -> None:
        self.console = Console()
        self._happened: deque[str] = deque(maxlen=_LINES)
        self._scores: dict[str, list[float]] = {}
        self._best = ""
        self._phase = "begins"
        self._diff: list[str] = []
        self._evaluated = 0
        self._started = time.monotonic()
        self._trainer: Trainer | None = None
        self._values: dict[str, dict[str, Any]] = {}

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        """Take note of what happened."""
        if kind == "evaluated":
            self._evaluated += 1
            if payload["score"] is not None:
                self._scores.setdefault(payload["candidate"], []).append(payload["score"])
            return
        if kind in ("started", "accepted"):
            self._best = payload.get("seed") or payload["candidate"]
        if kind == "proposal":
            self._note_change(payload["values"])
        if kind == "step":
            self._phase = f"step {payload['number']}"
        if kind in ("testing", "proving", "pending"):
            self._phase = {"testing": "test", "proving": "proof", "pending": "waits for a person"}[
                kind
            ]
        if line := describe(kind, payload):
            self._happened.append(line)

    @contextmanager
    def shown(self, trainer: Trainer) -> Iterator[None]:
        """Draw until the run ends."""
        self._trainer = trainer
        with RichLive(get_renderable=self._drawn, console=self.console, refresh_per_second=4):
            yield

    def estimate(self, found: Estimate, limits: Limits) -> None:
        """Print the estimate."""
        self.console.print(estimated(found, limits), highlight=False)

    def result(self, result: Result, page: Path) -> None:
        """Print the result."""
        style = "green" if result.improved else "yellow"
        text = Text(ended(result, page))
        self.console.print(Panel(text, title="result", border_style=style))

    def _note_change(self, values: dict[str, Any]) -> None:
        assert self._trainer is not None
        lines: list[str] = []
        for name, value in values.items():
            before = str(self._trainer.workflow.parameters[name].data).splitlines()
            changed = difflib.unified_diff(before, str(value).splitlines(), "", "", "", "", 1)
            shown = [line.rstrip() for line in changed if not line.startswith(("---", "+++", "@@"))]
            lines += [f"{name}:", *shown]
        self._diff = lines[:_DIFF] or self._diff

    def _drawn(self) -> Group:
        assert self._trainer is not None
        budget = self._trainer.budget
        spent, left = budget.spent, budget.remaining
        table = Table.grid(padding=(0, 3))
        table.add_row("best so far", self._score(self._best))
        rate = self._evaluated / max(time.monotonic() - self._started, 1e-9)
        table.add_row("evaluated", f"{self._evaluated} examples, {rate:.1f}/s")
        money = f", {spent.dollars:.4f} $" if spent.dollars else ""
        table.add_row("spent", f"{spent.tokens:,} tokens{money}, {spent.seconds:.0f} s")
        remains = [
            f"{getattr(left, name):,.6g} {name}"
            for name in left.__slots__
            if getattr(left, name) is not None
        ]
        table.add_row("left", ", ".join(remains) or "no limit was set")
        diff = Text()
        for line in self._diff:
            style = {"+": "green", "-": "red"}.get(line[:1], "dim")
            diff.append(line[: self.console.width - 6] + "\n", style=style)
        log = Text("\n".join(line[: self.console.width - 6] for line in self._happened))
        parts: list[Any] = [table, log]
        if self._diff:
            parts.append(Panel(diff, title="last proposal", border_style="dim"))
        title = f"tracegraph optimize {self._trainer.workflow.name}: {self._phase}"
        return Group(Panel(Group(*parts), title=title))

    def _score(self, candidate: str) -> str:
        scores = self._scores.get(candidate)
        if not scores:
            return "not known yet"
        low, high = score_interval(scores)
        mean = sum(scores) / len(scores)
        return f"{mean:.3f} ({low:.3f} to {high:.3f}) on {len(scores)} examples, {candidate}"
