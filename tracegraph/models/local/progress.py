"""Progress of a download, for people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tracegraph.models.local.fetch import Progress


@contextmanager
def reporter() -> Iterator[Progress]:
    """Give a progress function that draws a bar on a terminal, else writes each tenth.

    Nothing is shown, and nothing is loaded for it, unless something is fetched.
    """
    if sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        yield _lines()


def _lines() -> Progress:
    shown: dict[str, int] = {}

    def progress(name: str, done: int, total: int) -> None:
        tenth = 10 * done // total
        if shown.get(name) != tenth:
            shown[name] = tenth
            print(f"{name}: {done >> 20} of {total >> 20} MB", file=sys.stderr, flush=True)

    return progress


@contextmanager
def _bar() -> Iterator[Progress]:
    import rich.progress as bars
    from rich.console import Console

    shown: dict[str, bars.TaskID] = {}
    bar = bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
        console=Console(stderr=True),
    )

    def progress(name: str, done: int, total: int) -> None:
        if name not in shown:
            bar.start()
            shown[name] = bar.add_task(name, total=total)
        bar.update(shown[name], completed=done)

    try:
        yield progress
    finally:
        if shown:
            bar.stop()
