"""What a person sees while the agent works: thoughts, code, output, figures, the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.agents import Episode

_LINES = 30  # of an output that a terminal shows


def make_watcher(
    figures: Path, *, as_json: bool = False, quiet: bool = False
) -> Callable[[str, dict[str, Any]], None]:
    """Return what to call with each event.

    Args:
        figures: the path, without its ending, after which figure files are named.
        as_json: print one JSON object an event.
        quiet: print the answer only.
    """
    return Watcher(figures, Printed() if not as_json else None, quiet=quiet)


class Watcher:
    """Shows events, and writes the figures to files."""

    def __init__(self, figures: Path, printed: Printed | None, *, quiet: bool) -> None:
        self._figures, self._printed, self._quiet = figures, printed, quiet
        self._count = 0

    def __call__(self, kind: str, told: dict[str, Any]) -> None:
        """Show an event."""
        if kind == "figure":
            self._count += 1
            path = self._figures.with_name(f"{self._figures.stem}-figure-{self._count}.png")
            path.write_bytes(told["png"])
            told = {"file": str(path), "summary": told["summary"]}
        if kind == "end":
            told = _sums(told["episode"])
        if self._printed is None:
            print(json.dumps({"event": kind, **told}, default=str), flush=True)
        elif not self._quiet or kind == "answer":
            self._printed.show(kind, told, bare=self._quiet)


class Printed:
    """Events as text for a terminal, or for a pipe."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, soft_wrap=True)

    def show(self, kind: str, told: dict[str, Any], *, bare: bool = False) -> None:
        """Print an event."""
        from rich.syntax import Syntax
        from rich.text import Text

        out = self._console
        if kind == "answer":
            out.print(Text(told["text"], "" if bare else "bold green"))
        elif kind == "start":
            out.print(Text(f"mode: {told['mode']}", "dim"))
        elif kind == "thought":
            out.print(Text(f"\n{told['text']}", "italic"))
        elif kind == "code":
            out.print(Syntax(told["code"], "python", theme="ansi_dark", word_wrap=True))
        elif kind in ("output", "look"):
            style = "" if told["status"] == "ok" else "red"
            out.print(Text(_short(told["text"]), style or "dim"))
        elif kind == "figure":
            out.print(Text(f"figure: {told['file']} ({told['summary']})", "cyan"))
        elif kind == "repair":
            out.print(Text(f"repaired: {told['kind']}", "yellow"))
        elif kind == "end":
            if told["why"]:
                out.print(Text(told["why"], "red"))
            out.print(Text(f"\n{told['cells']} cells, {told['tokens']:,} tokens", "dim"))


def _sums(episode: Episode) -> dict[str, Any]:
    return {
        "outcome": episode.outcome,
        "why": "" if episode.answer else episode.feedback,
        "cells": sum(turn.observation is not None for turn in episode.turns),
        "tokens": episode.tokens,
        "dollars": episode.cost,
        "notes": episode.notes,
        "files": episode.files,
    }


def _short(text: str) -> str:
    lines = text.rstrip().splitlines()
    if len(lines) <= _LINES:
        return "\n".join(lines)
    half = _LINES // 2
    return "\n".join([*lines[:half], f"… {len(lines) - 2 * half} lines …", *lines[-half:]])
