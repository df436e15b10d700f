"""A training as a run of the store, so that a viewer can follow it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracegraph.runs import Run


@contextmanager
def recorded(
    store: Path | None, kind: str, folder: Path, config: dict[str, Any], *, resume: bool
) -> Iterator[Run]:
    """Make what runs inside a run of the store; a training that goes on stays the run it was.

    Args:
        store: the file; None for the project's own.
        kind: of the run.
        folder: where the training is kept: it tells one from another.
        config: what it was started with.
        resume: go on with the newest run of this folder, if there is one.
    """
    from tracegraph.runs import Store, resume_scope, run_scope

    place = str(folder.resolve())
    with Store(store) as opened:
        known = opened.fetch(
            "SELECT id FROM runs WHERE kind = ? AND config ->> '$.folder' = ? "
            "ORDER BY id DESC LIMIT 1",
            [kind, place],
        )
        if resume and known:
            scope = resume_scope(opened, known[0][0])
        else:
            scope = run_scope(opened, kind, folder.name, folder=place, **config)
        with scope as run:
            yield run
