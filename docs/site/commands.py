"""The page of all commands, read from the command line itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer

from tracegraph.cli.main import app


def command_page() -> str:
    """Return the page: every command with its arguments, options and defaults."""
    root = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "`tracegraph COMMAND --help` says the same in the terminal. Commands that work with runs",
        "take a run's id, the beginning of it, or `last`.",
        "",
    ]
    for name, command in sorted(root.commands.items()):  # type: ignore[attr-defined]
        lines += _section(f"tracegraph {name}", command, depth=2)
    return "\n".join(lines)


def _section(path: str, command: Any, depth: int) -> Iterator[str]:
    ctx = typer.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(ctx))
    yield from [f"{'#' * depth} {path}", "", "```text", f"{path} {usage}".rstrip(), "```", ""]
    yield from [_prose(inspect.cleandoc(command.help or "")), ""]
    rows = [record for each in command.get_params(ctx) if (record := each.get_help_record(ctx))]
    rows = [(names, said) for names, said in rows if "--help" not in names]
    if rows:
        table = [f"| `{_cell(names)}` | {_cell(said)} |" for names, said in rows]
        yield from ["| | |", "|---|---|", *table, ""]
    for name, child in sorted(getattr(command, "commands", {}).items()):
        yield from _section(f"{path} {name}", child, depth + 1)


def _prose(text: str) -> str:
    return re.sub(
        r"^Example: (.*(?:\n.+)*)", lambda m: f"Example: `{_cell(m[1])}`", text, flags=re.M
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
