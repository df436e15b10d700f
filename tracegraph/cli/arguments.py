"""Arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tracegraph.runs import Store

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, the beginning of it, or last.")
]
StorePath = Annotated[
    Path | None, typer.Option("--store", help="The run store; else .tracegraph/runs.db.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]


def open_store(path: Path | None) -> Store:
    """Return the store of an option, for commands that make none.

    Raises:
        StoreError: there is no such file.
    """
    from tracegraph.runs import Store, StoreError, default_path

    file = path or default_path()
    if not file.exists():
        raise StoreError(
            f"there is no run store {file}: go to the folder in which `tracegraph optimize` ran, "
            "or name the file with --store"
        )
    return Store(file)
