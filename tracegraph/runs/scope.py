"""The current run: what is called inside it is counted as its."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from tracegraph.runs.runs import Run, finish_run, start_run
from tracegraph.runs.store import Store


@dataclass(frozen=True, slots=True)
class Scope:
    """The store and the run that surround the code that asks."""

    store: Store
    run: Run


_current: ContextVar[Scope | None] = ContextVar("tracegraph_run", default=None)


def current() -> Scope | None:
    """Return the run that surrounds this code, if any; tasks and copied contexts inherit it."""
    return _current.get()


@contextmanager
def within(store: Store, run: Run) -> Iterator[Run]:
    """Make an existing run the current one."""
    token = _current.set(Scope(store, run))
    try:
        yield run
    finally:
        _current.reset(token)


@contextmanager
def run_scope(store: Store, kind: str, name: str = "", **config: Any) -> Iterator[Run]:
    """Start a run, make it the current one, and mark how it ended.

    An exception marks it failed, an interrupt or a cancellation stopped; a kill leaves it
    running, which `Run.interrupted` recognises.
    """
    surrounding = _current.get()
    parent = surrounding.run.id if surrounding and surrounding.store is store else None
    run = Run(kind, name, parent=parent, config=config)
    start_run(store, run).result()
    try:
        with within(store, run):
            yield run
    except (KeyboardInterrupt, asyncio.CancelledError, GeneratorExit):
        finish_run(store, run.id, "stopped").result()
        raise
    except BaseException as error:
        summary = {"error": f"{type(error).__name__}: {error}"}
        finish_run(store, run.id, "failed", summary).result()
        raise
    finish_run(store, run.id).result()
